import { command } from "../command.ts";

export const tokenCreate = command({
  name: "token create",
  summary: "Make an API token; it is printed once",
  args: [{ name: "NAME", doc: "what it is for" }],
  flags: {
    scope: { type: "list", choices: ["read", "write", "admin"], doc: "what it may do; default: read and write" },
    days: { type: "integer", doc: "days until it expires; default 90" },
  },
  run: async (ctx) => {
    const { scope, days } = ctx.flags;
    const made = await ctx.connect().api.createToken({
      body: {
        name: ctx.args.NAME!,
        ...(scope.length === 0 ? {} : { scopes: [...new Set(scope)] as ("read" | "write" | "admin")[] }),
        ...(days === undefined ? {} : { days }),
      },
    });
    ctx.out.data(made, () => {
      ctx.out.note(`Token ${made.token.name} (${made.token.id}, ${made.token.scopes.join(", ")}), shown this once:`);
      ctx.out.line(made.secret);
    });
    return 0;
  },
});
