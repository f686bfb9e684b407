import { command } from "../command.ts";
import { readStdin } from "../prompt.ts";

export const userAdd = command({
  name: "user add",
  summary: "Make a user; the generated password is printed once",
  args: [{ name: "NAME", doc: "the user's name" }],
  flags: {
    role: { type: "string", choices: ["user", "admin"], doc: "what they may do; default: user" },
    group: { type: "string", value: "GROUP", doc: "whose quota applies" },
    "full-name": { type: "string", value: "TEXT", doc: "their name in full" },
    "password-stdin": { type: "boolean", doc: "read the password from stdin instead of generating one" },
  },
  run: async (ctx) => {
    const { role, group, "full-name": fullName } = ctx.flags;
    const password = ctx.flags["password-stdin"] ? readStdin(4096) : undefined;
    const made = await ctx.connect().api.createUser({
      body: {
        name: ctx.args.NAME!,
        ...(role === undefined ? {} : { role: role as "user" | "admin" }),
        ...(group === undefined ? {} : { group }),
        ...(fullName === undefined ? {} : { fullName }),
        ...(password === undefined ? {} : { password }),
      },
    });
    ctx.out.data(made, () => {
      ctx.out.note(`User ${made.user.name} (${made.user.role}, group ${made.user.group}) is there.`);
      if (made.password !== null) {
        ctx.out.note("Password, shown this once:");
        ctx.out.line(made.password);
      }
    });
    return 0;
  },
});
