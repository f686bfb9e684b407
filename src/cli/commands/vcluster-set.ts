import { DockletError } from "../../lib/errors.ts";
import { command } from "../command.ts";
import { lossFlags, lossOf } from "../loss-flags.ts";
import { ownerFlag, ownerQuery } from "../owner-flag.ts";

export const vclusterSet = command({
  name: "vcluster set",
  summary: "Change what becomes of a vcluster when a host is lost",
  args: [{ name: "NAME", doc: "the vcluster" }],
  flags: { ...lossFlags, ...ownerFlag },
  examples: ["docklet vcluster set lab --on-host-loss stop --recover anew"],
  run: async (ctx) => {
    const onHostLoss = lossOf(ctx.flags);
    if (!onHostLoss) {
      throw new DockletError("bad_request", "There is nothing to change.", "Give --on-host-loss, --recover or both.");
    }
    const vcluster = await ctx.connect().api.renameVcluster({
      params: { name: ctx.args.NAME! },
      query: ownerQuery(ctx.flags),
      body: { onHostLoss },
    });
    const { nodes, recover } = vcluster.onHostLoss;
    ctx.out.data(vcluster, () =>
      ctx.out.note(`When a host is lost: nodes of ${vcluster.name}: ${nodes}, recover: ${recover}.`),
    );
    return 0;
  },
});
