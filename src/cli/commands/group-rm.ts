import { command } from "../command.ts";

export const groupRm = command({
  name: "group rm",
  aliases: ["group delete"],
  summary: "Delete an empty group",
  args: [{ name: "NAME", doc: "the group" }],
  run: async (ctx) => {
    const name = ctx.args.NAME!;
    await ctx.connect().api.deleteGroup({ params: { name } });
    ctx.out.data({ deleted: name }, () => ctx.out.note(`Group ${name} is gone.`));
    return 0;
  },
});
