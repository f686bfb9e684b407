import { command } from "../command.ts";

export const hostUncordon = command({
  name: "host uncordon",
  summary: "Place nodes on a cordoned host again",
  args: [{ name: "NAME", doc: "the host" }],
  run: async (ctx) => {
    const host = await ctx.connect().api.patchHost({ params: { name: ctx.args.NAME! }, body: { cordoned: false } });
    ctx.out.data(host, () => ctx.out.note(`${host.name} is ${host.state}: nodes can be placed on it.`));
    return 0;
  },
});
