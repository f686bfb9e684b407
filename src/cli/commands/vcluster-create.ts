import { command } from "../command.ts";
import { follow } from "../follow.ts";
import { sizeFlags, sizeOf } from "../size-flags.ts";
import { showVcluster } from "../vcluster-view.ts";

export const vclusterCreate = command({
  name: "vcluster create",
  summary: "Make a vcluster and start it; everything has a default",
  args: [{ name: "NAME", doc: "its name; left out: the server makes one", optional: true }],
  flags: {
    nodes: { type: "integer", short: "n", doc: "number of nodes; default 1" },
    image: { type: "string", short: "i", value: "IMAGE", doc: "what the nodes are made from; default: base" },
    ...sizeFlags,
    detach: { type: "boolean", short: "d", doc: "do not wait until it is ready" },
  },
  examples: ["docklet vcluster create", "docklet vcluster create lab -n 4 --memory 2G --image base"],
  run: async (ctx) => {
    const { api } = ctx.connect();
    const { nodes, image, detach } = ctx.flags;
    const size = sizeOf(ctx.flags);
    const made = await api.createVcluster({
      body: {
        ...(ctx.args.NAME === undefined ? {} : { name: ctx.args.NAME }),
        ...(image === undefined ? {} : { image }),
        ...(nodes === undefined ? {} : { nodes }),
        ...(size === undefined ? {} : { size }),
      },
    });
    const { name } = made.vcluster;
    if (detach) {
      ctx.out.data(made, () => ctx.out.line(name));
      return 0;
    }
    await follow(ctx, made.operation);
    const vcluster = await api.vcluster({ params: { name } });
    ctx.out.data(vcluster, () => showVcluster(ctx.out, vcluster, Date.now()));
    return 0;
  },
});
