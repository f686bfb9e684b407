import type { OrderMark, VclusterOrder } from "../../contracts/worker.ts";
import { digestOf } from "../../lib/digest.ts";
import type { Reader } from "../../store/store.ts";

/**
 * vclusters of which everything on this host is as it should be: their orders need only be compared when the host comes
 * back. Whatever is under way, failed or half moved is ordered anew, so that it is tried again.
 */
export function atRest(db: Reader, host: string): Set<string> {
  const rows = db.all<{ vcluster: string }>(
    `SELECT vcluster FROM nodes WHERE host = $host GROUP BY vcluster
       HAVING min(hold = 0 AND ((desired = 'running' AND state = 'ready') OR (desired = 'stopped' AND state = 'stopped'))) = 1
     EXCEPT SELECT vcluster FROM operations WHERE ended_at IS NULL AND vcluster IS NOT NULL
     EXCEPT SELECT n.vcluster FROM copies c JOIN nodes n ON n.id = c.node WHERE c.host = $host`,
    { host },
  );
  return new Set(rows.map((r) => r.vcluster));
}

export const markOf = (order: VclusterOrder): OrderMark => ({
  vcluster: order.id,
  digest: digestOf({ ...order, term: 0 }),
});
