import { command, UsageError } from "../command.ts";
import { ownerFlag, ownerQuery } from "../owner-flag.ts";
import { detachFlag, settle } from "../settle.ts";
import { sizeFlags, sizeOf } from "../size-flags.ts";

export const vclusterScale = command({
  name: "vcluster scale",
  summary: "Add nodes, or remove the last ones",
  details: "A node that is removed takes everything on it along; the data folder (~/nfs) stays.",
  args: [
    { name: "NAME", doc: "the vcluster" },
    { name: "NODES", doc: "how many nodes it shall have" },
  ],
  flags: { ...ownerFlag, ...sizeFlags, ...detachFlag },
  examples: ["docklet vcluster scale lab 6"],
  run: async (ctx) => {
    const name = ctx.args.NAME!;
    if (!/^\d{1,6}$/.test(ctx.args.NODES!))
      throw new UsageError(
        "NODES must be a whole number.",
        "For example: docklet vcluster scale lab 6",
        "vcluster scale",
      );
    const nodes = Number(ctx.args.NODES);
    const size = sizeOf(ctx.flags);
    const operation = await ctx.connect().api.scaleVcluster({
      params: { name },
      query: ownerQuery(ctx.flags),
      body: { nodes, ...(size === undefined ? {} : { size }) },
    });
    return settle(ctx, operation, `${name} has ${nodes} node${nodes === 1 ? "" : "s"}.`);
  },
});
