import type { NodeReport } from "../../contracts/worker.ts";
import type { Logger } from "../../lib/log.ts";
import type { Change } from "../change.ts";
import { observeCopy } from "../moves/copies.ts";
import { moveOf } from "../moves/rows.ts";
import { activeOperation } from "../operations/operations.ts";
import type { NodeRow } from "./rows.ts";

/** Takes in what a worker says about a node. A worker can only speak about nodes that were placed on it, or of which it has a copy. */
export function observe(c: Change, host: string, r: NodeReport, log: Logger): "ok" | "stuck" {
  const n = c.tx.get<NodeRow>("SELECT * FROM nodes WHERE id = $id", { id: r.id });
  const copy = n && n.vcluster === r.vcluster && n.host !== host ? observeCopy(c, host, r, log) : false;
  if (copy !== false) return copy;
  if (!n || n.vcluster !== r.vcluster || n.host !== host) {
    // Nothing is deleted that was not ordered: a node that we don't know is told of and left alone.
    if (r.state !== "gone")
      log.warn({ host, node: r.id, vcluster: r.vcluster, state: r.state }, "unknown node reported");
    return "ok";
  }
  const current = r.generation >= n.since;
  if (r.state === "gone") {
    if (!current) return "ok";
    if (n.desired === "gone") leave(c, n);
    else if (n.hold !== 0) c.tx.run("UPDATE nodes SET hold = 2 WHERE id = $id", { id: n.id });
    else if (!write(c, n, { ...r, state: "failed", reason: "the host does not have it any more" })) return "ok";
    c.touched.add(n.vcluster);
    return "ok";
  }
  if (n.desired === "gone") {
    // It stays "deleting", but says why that takes so long.
    if (!current || r.state !== "failed") return "ok";
    c.tx.run("UPDATE nodes SET reason = $reason WHERE id = $id", {
      reason: r.reason ?? "could not be removed",
      id: n.id,
    });
    c.touched.add(n.vcluster);
    return "stuck";
  }
  if (n.hold !== 0) return held(c, n, r, current);
  if (!counts(c, n, r, current)) return "ok";
  if (write(c, n, { ...r, state: r.state })) c.touched.add(n.vcluster);
  return "ok";
}

/** Its host has nothing of it any more. While another host has, the row stands for that. */
function leave(c: Change, n: NodeRow): void {
  const copy = c.tx.get<{ host: string }>("SELECT host FROM copies WHERE node = $id ORDER BY host", { id: n.id });
  if (!copy) {
    c.tx.run("DELETE FROM nodes WHERE id = $id", { id: n.id });
    return;
  }
  c.tx.run("DELETE FROM copies WHERE node = $id AND host = $host", { id: n.id, host: copy.host });
  c.tx.run("UPDATE nodes SET host = $host WHERE id = $id", { id: n.id, host: copy.host });
}

/** It was told to stop for a while: what it says is taken as the answer to that, and people go on reading why it is down. */
function held(c: Change, n: NodeRow, r: NodeReport, current: boolean): "ok" | "stuck" {
  if (!current) return "ok";
  c.touched.add(n.vcluster);
  if (r.state === "failed") return "stuck";
  if (r.state !== "stopped") return "ok";
  c.tx.run("UPDATE nodes SET hold = 2 WHERE id = $id", { id: n.id });
  if (n.desired === "stopped") write(c, n, { ...r, state: r.state });
  return "ok";
}

/** Does this report speak about what the node should be now? */
function counts(c: Change, n: NodeRow, r: NodeReport, current: boolean): boolean {
  // What it was before the last order says nothing: every node is reported again for every order.
  if (!current) return false;
  const arrived = n.desired === "running" ? r.state === "ready" : r.state === "stopped";
  if (arrived) return true;
  if (n.desired === "stopped") return r.state === "stopping" || r.state === "failed";
  // While it is being started, "stopped" is where it comes from, not where it went.
  const down = r.state === "stopped" || r.state === "stopping" || r.state === "deleting";
  if (!down) return true;
  const op = activeOperation(c.tx, n.vcluster);
  if (op && op.plan !== "move") return false;
  const phase = moveOf(c.tx, n.id)?.phase;
  // The same after a switch; but who was shut down from inside says so.
  return r.reason !== null || (phase !== "switched" && phase !== "undoing");
}

/** false: that is what is written there already, as of most nodes of a host that is back. */
function write(c: Change, n: NodeRow, r: Omit<NodeReport, "state"> & { state: NodeRow["state"] }): boolean {
  const taken = r.slug !== null && r.slug !== n.slug && slugHolder(c, r.slug) !== null;
  const is = {
    state: taken ? "failed" : r.state,
    reason: taken ? "the host gave it an address that another node has" : r.reason,
    // A stopped node keeps its address, so that who opens it reads "stopped" and not "unknown".
    slug: taken ? null : (r.slug ?? n.slug),
    token: r.slug === null ? n.jupyter_token : r.jupyterToken,
    warm: r.warm ? 1 : 0,
    bootedAt: r.bootedAt,
  };
  const was = {
    state: n.state,
    reason: n.reason,
    slug: n.slug,
    token: n.jupyter_token,
    warm: n.warm,
    bootedAt: n.booted_at,
  };
  if ((Object.keys(was) as (keyof typeof was)[]).every((k) => is[k] === was[k])) return false;
  c.tx.run(
    `UPDATE nodes SET state = $state, reason = $reason, slug = $slug, jupyter_token = $token, warm = $warm, booted_at = $bootedAt WHERE id = $id`,
    { ...is, id: n.id },
  );
  return true;
}

function slugHolder(c: Change, slug: string): { id: string } | null {
  return c.tx.get<{ id: string }>("SELECT id FROM nodes WHERE slug = $slug", { slug });
}
