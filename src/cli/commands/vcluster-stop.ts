import { command } from "../command.ts";
import { ownerFlag, ownerQuery } from "../owner-flag.ts";
import { detachFlag, settle } from "../settle.ts";

export const vclusterStop = command({
  name: "vcluster stop",
  summary: "Stop the nodes of a vcluster; their disks are kept",
  args: [{ name: "NAME", doc: "the vcluster" }],
  flags: { ...ownerFlag, ...detachFlag },
  run: async (ctx) => {
    const name = ctx.args.NAME!;
    const operation = await ctx.connect().api.stopVcluster({ params: { name }, query: ownerQuery(ctx.flags) });
    return settle(ctx, operation, `${name} is stopped.`);
  },
});
