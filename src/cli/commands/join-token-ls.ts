import { command } from "../command.ts";
import { stateColour } from "../table.ts";
import { ago, duration } from "../text.ts";

export const joinTokenLs = command({
  name: "join-token ls",
  aliases: ["join-token list"],
  summary: "Join tokens, and which hosts came with them",
  run: async (ctx) => {
    const { items } = await ctx.connect().api.joinTokens();
    const now = Date.now();
    ctx.out.table(
      items,
      [
        { title: "ID", cell: (t) => t.id },
        { title: "STATE", cell: (t) => t.state, colour: (t) => stateColour(t.state) },
        { title: "ROLE", cell: (t) => t.role },
        { title: "USED", cell: (t) => `${t.hosts.length} of ${t.uses}`, right: true },
        { title: "HOSTS", cell: (t) => t.hosts.join(" ") },
        { title: "MADE", cell: (t) => `${ago(t.createdAt, now)} by ${t.createdBy}` },
        { title: "EXPIRES", cell: (t) => (t.state === "valid" ? `in ${duration(t.expiresAt - now)}` : "") },
      ],
      "There are no join tokens.",
    );
    return 0;
  },
});
