import { command } from "../command.ts";
import { follow } from "../follow.ts";
import { lossFlags, lossOf } from "../loss-flags.ts";
import { placementFlags, placementOf } from "../placement-flags.ts";
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
    ...placementFlags,
    ...lossFlags,
    detach: { type: "boolean", short: "d", doc: "do not wait until it is ready" },
  },
  examples: [
    "docklet vcluster create",
    "docklet vcluster create lab -n 4 --memory 2G --image base",
    "docklet vcluster create mpi -n 3 --apart --label disk=fast",
  ],
  run: async (ctx) => {
    const { api } = ctx.connect();
    const { nodes, image, detach } = ctx.flags;
    const size = sizeOf(ctx.flags);
    const placement = placementOf(ctx.flags);
    const onHostLoss = lossOf(ctx.flags);
    const made = await api.createVcluster({
      body: {
        ...(ctx.args.NAME === undefined ? {} : { name: ctx.args.NAME }),
        ...(image === undefined ? {} : { image }),
        ...(nodes === undefined ? {} : { nodes }),
        ...(size === undefined ? {} : { size }),
        ...(placement === undefined ? {} : { placement }),
        ...(onHostLoss === undefined ? {} : { onHostLoss }),
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
