import { command } from "../command.ts";
import { ago, duration } from "../text.ts";

export const tokenLs = command({
  name: "token ls",
  aliases: ["token list"],
  summary: "My API tokens",
  run: async (ctx) => {
    const { items } = await ctx.connect().api.tokens();
    const now = Date.now();
    ctx.out.table(
      items,
      [
        { title: "ID", cell: (t) => t.id },
        { title: "NAME", cell: (t) => t.name },
        { title: "SCOPES", cell: (t) => t.scopes.join(",") },
        { title: "EXPIRES", cell: (t) => (t.expiresAt === null ? "never" : `in ${duration(t.expiresAt - now)}`) },
        { title: "LAST USED", cell: (t) => ago(t.lastUsedAt, now) },
      ],
      "You have no API tokens.",
    );
    return 0;
  },
});
