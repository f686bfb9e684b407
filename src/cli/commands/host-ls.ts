import { formatMiB } from "../../lib/units.ts";
import { command } from "../command.ts";
import { formatLabels } from "../labels.ts";
import { stateColour } from "../table.ts";
import { duration } from "../text.ts";

export const hostLs = command({
  name: "host ls",
  aliases: ["host list"],
  summary: "Hosts, what they have, what is promised and what is used",
  run: async (ctx) => {
    const { items } = await ctx.connect().api.hosts();
    const now = Date.now();
    const three = (a: number | string, b: number | string, c: number | string) => `${a} / ${b} / ${c}`;
    const round = (n: number) => Math.round(n * 10) / 10;
    ctx.out.table(
      items,
      [
        { title: "NAME", cell: (h) => h.name },
        { title: "STATE", cell: (h) => h.state, colour: (h) => stateColour(h.state) },
        { title: "ADDRESS", cell: (h) => h.address },
        { title: "NODES", cell: (h) => h.nodes, right: true },
        { title: "WARM", cell: (h) => h.warm, right: true },
        {
          title: "CPU used/promised/has",
          cell: (h) => three(round(h.used.cpu), round(h.reserved.cpu), h.capacity.cpu),
        },
        {
          title: "MEMORY used/promised/has",
          cell: (h) => three(formatMiB(h.used.memory), formatMiB(h.reserved.memory), formatMiB(h.capacity.memory)),
        },
        {
          title: "DISK used/promised/has",
          cell: (h) => three(formatMiB(h.used.disk), formatMiB(h.reserved.disk), formatMiB(h.capacity.disk)),
        },
        { title: "UP", cell: (h) => duration(now - h.bootedAt) },
        { title: "LABELS", cell: (h) => formatLabels(h.labels) },
        { title: "VERSION", cell: (h) => h.version },
        { title: "WHY", cell: (h) => h.reason ?? "" },
      ],
      "There are no hosts.",
    );
    return 0;
  },
});
