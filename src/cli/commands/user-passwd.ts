import { DockletError } from "../../lib/errors.ts";
import { command, UsageError } from "../command.ts";
import { ask, canAsk } from "../prompt.ts";

export const userPasswd = command({
  name: "user passwd",
  summary: "Change my password, or give a user a new generated one",
  args: [{ name: "NAME", doc: "the user who gets a new password (admins); left out: I change mine", optional: true }],
  run: async (ctx) => {
    const { api } = ctx.connect();
    if (ctx.args.NAME !== undefined) {
      const made = await api.resetPassword({ params: { name: ctx.args.NAME } });
      ctx.out.data(made, () => {
        ctx.out.note(`New password of ${made.user.name}, shown this once; their sessions have ended:`);
        ctx.out.line(made.password ?? "");
      });
      return 0;
    }
    if (!canAsk()) throw new UsageError("There is no terminal to ask on.", "Use the portal.", "user passwd");
    const current = await ask(ctx.out, "Current password: ", true);
    const next = await ask(ctx.out, "New password: ", true);
    if ((await ask(ctx.out, "New password again: ", true)) !== next)
      throw new DockletError("invalid", "The two are not the same.", "Nothing was changed.");
    await api.changePassword({ body: { current, next } });
    ctx.out.data({ changed: true }, () => ctx.out.note("The password is changed."));
    return 0;
  },
});
