import { formatMiB } from "../../lib/units.ts";
import { command } from "../command.ts";

export const groupLs = command({
  name: "group ls",
  aliases: ["group list"],
  summary: "Groups and what each of their members may use",
  run: async (ctx) => {
    const { items } = await ctx.connect().api.groups();
    ctx.out.table(
      items,
      [
        { title: "NAME", cell: (g) => g.name },
        { title: "MEMBERS", cell: (g) => g.members, right: true },
        { title: "VCLUSTERS", cell: (g) => g.quota.vclusters, right: true },
        { title: "NODES", cell: (g) => g.quota.nodes, right: true },
        { title: "CPU", cell: (g) => g.quota.cpu, right: true },
        { title: "MEMORY", cell: (g) => formatMiB(g.quota.memory), right: true },
        { title: "DISK", cell: (g) => formatMiB(g.quota.disk), right: true },
        { title: "HOME", cell: (g) => formatMiB(g.quota.home), right: true },
      ],
      "There are no groups.",
    );
    return 0;
  },
});
