import type { NodeReport } from "../../contracts/worker.ts";
import type { Logger } from "../../lib/log.ts";
import type { Change } from "../change.ts";
import { activeOperation } from "../operations/operations.ts";
import type { NodeRow } from "./rows.ts";

/** Takes in what a worker says about a node. A worker can only speak about nodes that were placed on it. */
export function observe(c: Change, host: string, r: NodeReport, log: Logger): "ok" | "stuck" {
  const n = c.tx.get<NodeRow>("SELECT * FROM nodes WHERE id = $id", { id: r.id });
  if (!n || n.vcluster !== r.vcluster || n.host !== host) {
    // Nothing is deleted that was not ordered: a node that we don't know is told of and left alone.
    if (r.state !== "gone")
      log.warn({ host, node: r.id, vcluster: r.vcluster, state: r.state }, "unknown node reported");
    return "ok";
  }
  const current = r.generation >= n.since;
  if (r.state === "gone") {
    if (!current) return "ok";
    if (n.desired === "gone") c.tx.run("DELETE FROM nodes WHERE id = $id", { id: n.id });
    else write(c, n, { ...r, state: "failed", reason: "the host does not have it any more" });
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
  if (!counts(c, n, r, current)) return "ok";
  write(c, n, { ...r, state: r.state });
  c.touched.add(n.vcluster);
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
  return !(down && activeOperation(c.tx, n.vcluster) !== null);
}

function write(c: Change, n: NodeRow, r: Omit<NodeReport, "state"> & { state: NodeRow["state"] }): void {
  const taken = r.slug !== null && r.slug !== n.slug && slugHolder(c, r.slug) !== null;
  c.tx.run(
    `UPDATE nodes SET state = $state, reason = $reason, slug = $slug, jupyter_token = $token, warm = $warm, booted_at = $bootedAt WHERE id = $id`,
    {
      state: taken ? "failed" : r.state,
      reason: taken ? "the host gave it an address that another node has" : r.reason,
      // A stopped node keeps its address, so that who opens it reads "stopped" and not "unknown".
      slug: taken ? null : (r.slug ?? n.slug),
      token: r.slug === null ? n.jupyter_token : r.jupyterToken,
      warm: r.warm ? 1 : 0,
      bootedAt: r.bootedAt,
      id: n.id,
    },
  );
}

function slugHolder(c: Change, slug: string): { id: string } | null {
  return c.tx.get<{ id: string }>("SELECT id FROM nodes WHERE slug = $slug", { slug });
}
