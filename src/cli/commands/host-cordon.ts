import { command } from "../command.ts";

export const hostCordon = command({
  name: "host cordon",
  summary: "Place nothing new on a host; what runs there stays",
  args: [{ name: "NAME", doc: "the host" }],
  run: async (ctx) => {
    const host = await ctx.connect().api.patchHost({ params: { name: ctx.args.NAME! }, body: { cordoned: true } });
    ctx.out.data(host, () =>
      ctx.out.note(`Nothing new is placed on ${host.name}. What is there stays: ${host.nodes} nodes.`),
    );
    return 0;
  },
});
