import { command } from "../command.ts";

export const keyRm = command({
  name: "key rm",
  summary: "Remove an ssh public key",
  args: [{ name: "ID", doc: "its id, from `docklet key ls`" }],
  run: async (ctx) => {
    const id = ctx.args.ID!;
    await ctx.connect().api.removeKey({ params: { id } });
    ctx.out.data({ removed: id }, () => ctx.out.note(`Key ${id} is removed.`));
    return 0;
  },
});
