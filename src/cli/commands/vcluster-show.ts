import { command } from "../command.ts";
import { ownerFlag, ownerQuery } from "../owner-flag.ts";
import { showVcluster } from "../vcluster-view.ts";

export const vclusterShow = command({
  name: "vcluster show",
  summary: "One vcluster and its nodes",
  args: [{ name: "NAME", doc: "the vcluster" }],
  flags: ownerFlag,
  run: async (ctx) => {
    const name = ctx.args.NAME!;
    const vcluster = await ctx.connect().api.vcluster({ params: { name }, query: ownerQuery(ctx.flags) });
    ctx.out.data(vcluster, () => showVcluster(ctx.out, vcluster, Date.now()));
    return 0;
  },
});
