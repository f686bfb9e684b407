import { command } from "../command.ts";
import { ago } from "../text.ts";

export const keyLs = command({
  name: "key ls",
  aliases: ["key list"],
  summary: "My ssh public keys",
  run: async (ctx) => {
    const { items } = await ctx.connect().api.keys();
    const now = Date.now();
    ctx.out.table(
      items,
      [
        { title: "ID", cell: (k) => k.id },
        { title: "NAME", cell: (k) => k.name },
        { title: "TYPE", cell: (k) => k.type },
        { title: "FINGERPRINT", cell: (k) => k.fingerprint },
        { title: "ADDED", cell: (k) => ago(k.createdAt, now) },
      ],
      "You have no ssh keys here: `docklet key add ~/.ssh/id_ed25519.pub`",
    );
    return 0;
  },
});
