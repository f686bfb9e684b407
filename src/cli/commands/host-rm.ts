import { command } from "../command.ts";
import { confirm, yesFlag } from "../confirm.ts";

export const hostRm = command({
  name: "host rm",
  aliases: ["host remove"],
  summary: "Remove a host; it can only come back with a new join token",
  args: [{ name: "NAME", doc: "the host" }],
  flags: {
    ...yesFlag,
    force: { type: "boolean", doc: "although nodes are placed on it: they are lost" },
  },
  run: async (ctx) => {
    const name = ctx.args.NAME!;
    const { force, yes } = ctx.flags;
    await confirm(ctx, yes, force ? `the host ${name} and every node on it` : `the host ${name}`, name);
    await ctx.connect().api.removeHost({ params: { name }, query: force ? { force: "true" } : {} });
    ctx.out.data({ removed: name }, () => ctx.out.note(`Host ${name} is removed.`));
    return 0;
  },
});
