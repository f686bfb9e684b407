import { command } from "../command.ts";
import { confirm, yesFlag } from "../confirm.ts";

export const userRm = command({
  name: "user rm",
  aliases: ["user delete"],
  summary: "Delete a user who has no vclusters, with their data folder",
  args: [{ name: "NAME", doc: "the user" }],
  flags: yesFlag,
  run: async (ctx) => {
    const name = ctx.args.NAME!;
    await confirm(ctx, ctx.flags.yes, `the user ${name} with their data folder`, name);
    await ctx.connect().api.deleteUser({ params: { name }, query: { confirm: name } });
    ctx.out.data({ deleted: name }, () => ctx.out.note(`User ${name} is gone.`));
    return 0;
  },
});
