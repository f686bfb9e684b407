import { command } from "../command.ts";
import { quotaFlags, quotaOf } from "../quota-flags.ts";

export const groupAdd = command({
  name: "group add",
  summary: "Make a group; what is not said gets the usual quota",
  args: [{ name: "NAME", doc: "the group" }],
  flags: quotaFlags,
  examples: ["docklet group add students --nodes 4 --memory 8G"],
  run: async (ctx) => {
    const quota = quotaOf(ctx.flags);
    const group = await ctx.connect().api.createGroup({
      body: { name: ctx.args.NAME!, ...(Object.keys(quota).length === 0 ? {} : { quota }) },
    });
    ctx.out.data(group, () => ctx.out.note(`Group ${group.name} is there.`));
    return 0;
  },
});
