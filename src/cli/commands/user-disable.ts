import { command } from "../command.ts";

export const userDisable = command({
  name: "user disable",
  summary: "Lock a user out at once; nothing of theirs is deleted",
  args: [{ name: "NAME", doc: "the user" }],
  run: async (ctx) => {
    const user = await ctx.connect().api.patchUser({
      params: { name: ctx.args.NAME! },
      body: { disabled: true },
    });
    ctx.out.data(user, () => ctx.out.note(`User ${user.name} is ${user.disabled ? "disabled" : "enabled"}.`));
    return 0;
  },
});
