import { command } from "../command.ts";

export const operationCancel = command({
  name: "operation cancel",
  summary: "Cancel an operation; what was half made is undone",
  args: [{ name: "ID", doc: "its id" }],
  run: async (ctx) => {
    const operation = await ctx.connect().api.cancelOperation({ params: { id: ctx.args.ID! } });
    ctx.out.data(operation, () => ctx.out.note(`${operation.kind} ${operation.object} is ${operation.state}.`));
    return 0;
  },
});
