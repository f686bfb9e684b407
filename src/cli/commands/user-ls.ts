import { formatMiB } from "../../lib/units.ts";
import { command } from "../command.ts";
import { everyPage } from "../pages.ts";
import { ago } from "../text.ts";

export const userLs = command({
  name: "user ls",
  aliases: ["user list"],
  summary: "All users and what they use",
  run: async (ctx) => {
    const { api } = ctx.connect();
    const users = await everyPage((page) => api.users({ query: page }));
    const now = Date.now();
    ctx.out.table(
      users,
      [
        { title: "NAME", cell: (u) => u.name },
        { title: "ROLE", cell: (u) => u.role },
        { title: "GROUP", cell: (u) => u.group },
        {
          title: "STATE",
          cell: (u) => (u.disabled ? "disabled" : "enabled"),
          colour: (u) => (u.disabled ? "red" : null),
        },
        { title: "VCLUSTERS", cell: (u) => u.used.vclusters, right: true },
        { title: "NODES", cell: (u) => u.used.nodes, right: true },
        { title: "MEMORY", cell: (u) => formatMiB(u.used.memory), right: true },
        { title: "LAST LOGIN", cell: (u) => ago(u.lastLoginAt, now) },
        { title: "FULL NAME", cell: (u) => u.fullName },
      ],
      "There are no users.",
    );
    return 0;
  },
});
