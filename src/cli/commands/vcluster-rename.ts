import { command } from "../command.ts";
import { ownerFlag, ownerQuery } from "../owner-flag.ts";

export const vclusterRename = command({
  name: "vcluster rename",
  summary: "Give a vcluster another name",
  args: [
    { name: "NAME", doc: "the vcluster" },
    { name: "NEW", doc: "its new name" },
  ],
  flags: ownerFlag,
  run: async (ctx) => {
    const vcluster = await ctx.connect().api.renameVcluster({
      params: { name: ctx.args.NAME! },
      query: ownerQuery(ctx.flags),
      body: { name: ctx.args.NEW! },
    });
    ctx.out.data(vcluster, () => ctx.out.note(`${ctx.args.NAME} is called ${vcluster.name} now.`));
    return 0;
  },
});
