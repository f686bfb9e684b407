import { command, UsageError } from "../command.ts";
import { quotaFlags, quotaOf } from "../quota-flags.ts";

export const groupSet = command({
  name: "group set",
  summary: "Change what the members of a group may use",
  args: [{ name: "NAME", doc: "the group" }],
  flags: quotaFlags,
  run: async (ctx) => {
    const quota = quotaOf(ctx.flags);
    if (Object.keys(quota).length === 0)
      throw new UsageError("Nothing to change.", "For example: docklet group set students --nodes 8", "group set");
    const group = await ctx.connect().api.patchGroup({ params: { name: ctx.args.NAME! }, body: { quota } });
    ctx.out.data(group, () => ctx.out.note(`Group ${group.name} is changed.`));
    return 0;
  },
});
