import { command } from "../command.ts";

export const userEnable = command({
  name: "user enable",
  summary: "Let a disabled user in again",
  args: [{ name: "NAME", doc: "the user" }],
  run: async (ctx) => {
    const user = await ctx.connect().api.patchUser({
      params: { name: ctx.args.NAME! },
      body: { disabled: false },
    });
    ctx.out.data(user, () => ctx.out.note(`User ${user.name} is ${user.disabled ? "disabled" : "enabled"}.`));
    return 0;
  },
});
