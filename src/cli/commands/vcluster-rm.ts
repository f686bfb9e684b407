import { command } from "../command.ts";
import { confirm, yesFlag } from "../confirm.ts";
import { ownerFlag, ownerQuery } from "../owner-flag.ts";
import { detachFlag, settle } from "../settle.ts";

export const vclusterRm = command({
  name: "vcluster rm",
  aliases: ["vcluster delete"],
  summary: "Delete a vcluster and everything on its nodes",
  details: "The data folder (~/nfs) stays. On a terminal the name has to be typed again; elsewhere --yes is needed.",
  args: [{ name: "NAME", doc: "the vcluster" }],
  flags: { ...ownerFlag, ...detachFlag, ...yesFlag },
  run: async (ctx) => {
    const name = ctx.args.NAME!;
    const { api } = ctx.connect();
    const query = ownerQuery(ctx.flags);
    const vcluster = await api.vcluster({ params: { name }, query });
    const nodes = vcluster.nodes.length;
    const what = `${name} with its ${nodes} node${nodes === 1 ? "" : "s"} and everything on them`;
    await confirm(ctx, ctx.flags.yes, what, name);
    return settle(ctx, await api.deleteVcluster({ params: { name }, query }), `${name} is gone.`);
  },
});
