import type { NodeReport } from "../../contracts/worker.ts";
import type { Logger } from "../../lib/log.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import { raise } from "../vclusters/desire.ts";

/** What there is of a node on a host that it is not placed on. */
export interface CopyRow {
  node: string;
  host: string;
  desired: "stopped" | "gone";
  since: number;
  state: string;
  reason: string | null;
  over: number;
}

export function copyOf(db: Reader, node: string, host: string): CopyRow | null {
  return db.get<CopyRow>("SELECT * FROM copies WHERE node = $node AND host = $host", { node, host });
}

/** Copies of all nodes of a vcluster. */
export function copiesOf(db: Reader, vcluster: string): CopyRow[] {
  return db.all<CopyRow>(
    "SELECT c.* FROM copies c JOIN nodes n ON n.id = c.node WHERE n.vcluster = $vcluster ORDER BY c.node, c.host",
    { vcluster },
  );
}

/** A copy stays behind on a host. `over`: it is certain that it does not run. */
export function leaveCopy(
  c: Change,
  copy: Pick<CopyRow, "node" | "host" | "desired" | "since"> & { over: boolean },
): void {
  c.tx.run(
    `INSERT INTO copies (node, host, desired, since, state, over) VALUES ($node, $host, $desired, $since, $state, $over)
     ON CONFLICT (node, host) DO UPDATE SET desired = $desired, since = $since, over = $over`,
    { ...copy, state: copy.over ? "stopped" : "unknown", over: copy.over ? 1 : 0 },
  );
}

export function dropCopy(c: Change, node: string, host: string): void {
  c.tx.run("DELETE FROM copies WHERE node = $node AND host = $host", { node, host });
}

/** A host speaks about a node that is placed elsewhere. false: there is no copy there that we know of. */
export function observeCopy(c: Change, host: string, r: NodeReport, log: Logger): "ok" | "stuck" | false {
  const copy = copyOf(c.tx, r.id, host);
  if (!copy) return false;
  if (r.generation < copy.since) return "ok";
  c.touched.add(r.vcluster);
  if (r.state === "gone") {
    dropCopy(c, r.id, host);
    if (copy.over === 0) raise(c, r.vcluster);
    return "ok";
  }
  const runs = r.state === "booting" || r.state === "ready" || r.state === "stopping";
  const over = r.state === "stopped" ? 1 : runs ? 0 : copy.over;
  if (runs && copy.over === 1) {
    log.error({ host, node: r.id, state: r.state }, "a copy of a node that must not run was reported to run");
  }
  c.tx.run("UPDATE copies SET state = $state, reason = $reason, over = $over WHERE node = $node AND host = $host", {
    state: r.state,
    reason: r.reason,
    over,
    node: r.id,
    host,
  });
  // Whether the node may run depends on it: a new order.
  if (over !== copy.over) raise(c, r.vcluster);
  return r.state === "failed" ? "stuck" : "ok";
}
