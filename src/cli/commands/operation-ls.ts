import { command } from "../command.ts";
import { progressLine } from "../follow.ts";
import { stateColour } from "../table.ts";
import { ago } from "../text.ts";

export const operationLs = command({
  name: "operation ls",
  aliases: ["operation list"],
  summary: "Operations, newest first",
  flags: { active: { type: "boolean", doc: "only those that run" } },
  run: async (ctx) => {
    const { items } = await ctx.connect().api.operations({
      query: { limit: 50, ...(ctx.flags.active ? { active: true } : {}) },
    });
    const now = Date.now();
    ctx.out.table(
      items,
      [
        { title: "ID", cell: (o) => o.id },
        { title: "WHAT", cell: (o) => `${o.kind} ${o.object}` },
        { title: "OWNER", cell: (o) => o.owner },
        { title: "STATE", cell: (o) => o.state, colour: (o) => stateColour(o.state) },
        { title: "BEGUN", cell: (o) => ago(o.startedAt, now) },
        { title: "STEP", cell: (o) => o.error?.message ?? progressLine(o) },
      ],
      "There are no operations.",
    );
    return 0;
  },
});
