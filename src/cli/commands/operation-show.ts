import { command } from "../command.ts";
import { formatFields, stateColour } from "../table.ts";
import { ago, duration } from "../text.ts";

export const operationShow = command({
  name: "operation show",
  summary: "One operation with its steps",
  args: [{ name: "ID", doc: "its id" }],
  run: async (ctx) => {
    const o = await ctx.connect().api.operation({ params: { id: ctx.args.ID! } });
    ctx.out.data(o, () => {
      ctx.out.stdout.write(
        formatFields([
          ["operation", o.id],
          ["what", `${o.kind} ${o.object}`],
          ["owner", o.owner],
          ["state", o.state],
          ["begun", ago(o.startedAt, Date.now())],
          ["took", o.endedAt === null ? null : duration(o.endedAt - o.startedAt)],
          ...(o.error ? ([["error", `${o.error.message} ${o.error.hint}`]] as const) : []),
        ]),
      );
      ctx.out.stdout.write("\n");
      ctx.out.table(
        o.steps,
        [
          { title: "STEP", cell: (s) => s.name },
          { title: "STATE", cell: (s) => s.state, colour: (s) => stateColour(s.state) },
          { title: "DONE", cell: (s) => (s.progress === null ? "" : `${Math.floor(s.progress * 100)}%`), right: true },
          { title: "MESSAGE", cell: (s) => s.message ?? "" },
        ],
        "It has no steps.",
      );
    });
    return 0;
  },
});
