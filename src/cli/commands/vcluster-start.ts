import { command } from "../command.ts";
import { ownerFlag, ownerQuery } from "../owner-flag.ts";
import { detachFlag, settle } from "../settle.ts";

export const vclusterStart = command({
  name: "vcluster start",
  summary: "Start the nodes of a vcluster",
  args: [{ name: "NAME", doc: "the vcluster" }],
  flags: { ...ownerFlag, ...detachFlag },
  run: async (ctx) => {
    const name = ctx.args.NAME!;
    const operation = await ctx.connect().api.startVcluster({ params: { name }, query: ownerQuery(ctx.flags) });
    return settle(ctx, operation, `${name} is ready.`);
  },
});
