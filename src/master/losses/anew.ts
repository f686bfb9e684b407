import type { Vcluster } from "../../contracts/public/index.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import type { Hosts } from "../hosts/hosts.ts";
import type { Images } from "../images/images.ts";
import { leaveCopy } from "../moves/copies.ts";
import { moveOf } from "../moves/rows.ts";
import { targets } from "../moves/targets.ts";
import { raise } from "../vclusters/desire.ts";
import { type NodeRow, nodeName, type VclusterRow, vclusterRow } from "../vclusters/rows.ts";

export interface Lost {
  host: string;
  /** Why it is certain that nothing of these nodes runs there. */
  because: string;
  /** The host may be back: only running nodes, and only those that do not outlive the lease. */
  leased: boolean;
}

export interface Refused {
  vcluster: string;
  policy: Vcluster["onHostLoss"];
  nodes: string[];
  why: string;
}

/**
 * Places nodes of a lost host elsewhere, where their vcluster wishes it. They are made from their image: what was on
 * their disks is given up, and what the host still has of them is ordered to go. Says which found no place.
 */
export function placeAnew(c: Change, parts: { hosts: Hosts; images: Images }, lost: Lost): Refused[] {
  const nodes = c.tx.all<NodeRow>(
    `SELECT n.* FROM nodes n JOIN vclusters v ON v.id = n.vcluster
     WHERE n.host = $host AND n.desired <> 'gone' AND v.desired <> 'deleted' AND v.loss_recover = 'anew'
       AND (NOT $leased OR (v.loss_nodes <> 'keep' AND n.kept = 0 AND n.desired = 'running')) ORDER BY n.vcluster, n.idx`,
    { host: lost.host, leased: lost.leased ? 1 : 0 },
  );
  const refused: Refused[] = [];
  for (const [id, theirs] of Map.groupBy(nodes, (n) => n.vcluster)) {
    const vc = vclusterRow(c.tx, id)!;
    // One that is being moved has a second host that may have it all: its move goes on, or is cancelled.
    const found = targets(
      c.tx,
      parts,
      vc,
      theirs.filter((n) => moveOf(c.tx, n.id) === null),
      { to: null },
    );
    const placed = found.flatMap((t) => ("to" in t ? [t] : []));
    if (placed.length > 0) {
      const since = raise(c, id);
      for (const { node, to } of placed) give(c, node, to, since, lost);
      tell(c, vc, placed, lost);
    }
    const left = found.flatMap((t) => ("refused" in t ? [t] : []));
    if (left.length === 0) continue;
    const policy = { nodes: vc.loss_nodes, recover: vc.loss_recover };
    refused.push({ vcluster: id, policy, nodes: left.map((t) => t.node.id), why: left[0]!.refused.message });
  }
  return refused;
}

/** Is there a copy of a node on this host, while the node itself is to stay elsewhere? */
export function isKept(db: Reader, node: string, host: string): boolean {
  const sql = `SELECT 1 FROM copies c JOIN nodes n ON n.id = c.node WHERE c.node = $node AND c.host = $host
    AND n.host <> $host AND n.desired <> 'gone'`;
  return db.get(sql, { node, host }) !== null;
}

function give(c: Change, n: NodeRow, to: string, since: number, lost: Lost): void {
  c.tx.run(
    `UPDATE nodes SET host = $to, why = $why, since = $since, state = 'pending', reason = NULL, waits = NULL, hold = 0, kept = 0,
     slug = NULL, jupyter_token = NULL, warm = 0, booted_at = NULL WHERE id = $id`,
    { id: n.id, to, since, why: `made anew here: host ${lost.host} was lost` },
  );
  leaveCopy(c, { node: n.id, host: lost.host, desired: "gone", since, over: true });
}

function tell(c: Change, vc: VclusterRow, placed: { node: NodeRow; to: string }[], lost: Lost): void {
  const where = placed.map(({ node, to }) => `${nodeName(node)} on ${to}`).join(", ");
  c.event({
    actor: "system",
    action: "vcluster.recover",
    object: vc.name,
    owner: vc.owner,
    result: "ok",
    message: `made anew from the image: ${where}; what was on their disks on ${lost.host} is given up, because ${lost.because}`,
    requestId: null,
  });
}
