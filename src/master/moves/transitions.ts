import type { Change } from "../change.ts";
import type { Failure } from "../operations/operations.ts";
import { raise } from "../vclusters/desire.ts";
import { type NodeRow, vclusterRow } from "../vclusters/rows.ts";
import { dropCopy, leaveCopy } from "./copies.ts";
import { BEFORE_SWITCH, type MoveRow, update } from "./rows.ts";

/**
 * The steps of a move that change what hosts are told. Each is one write, so that rows and orders agree whenever
 * docklet dies. At most one host is told to run the node after any of them.
 */

/** The node must stop, for the last difference: its host is told so, whatever the vcluster should be. */
export function hold(c: Change, m: MoveRow, n: NodeRow): void {
  const since = raise(c, m.vcluster);
  c.tx.run(
    `UPDATE nodes SET hold = 1, since = $since, state = CASE WHEN desired = 'running' THEN 'preparing' ELSE state END,
     reason = CASE WHEN desired = 'running' THEN $reason ELSE NULL END WHERE id = $id`,
    { since, reason: `is being moved to ${m.to_host}`, id: m.node },
  );
  const ran = n.desired === "running" && n.state !== "failed" && n.state !== "stopped";
  update(c, m, { phase: "holding", held_at: ran ? c.now : null });
}

/** Everything is on the target: from this write on the node belongs there, and what is left here is a copy. */
export function switchOver(c: Change, m: MoveRow): void {
  const since = place(c, m.node, m.vcluster, m.to_host, `moved here from ${m.from_host}`);
  leaveCopy(c, { node: m.node, host: m.from_host, desired: "stopped", since, over: true });
  update(c, m, { phase: "switched" });
  tell(c, m, "info", `${m.name} is placed on ${m.to_host}, and stopped on ${m.from_host}`);
}

/** The node is what it should be on the target: the source is not needed any more. */
export function clear(c: Change, m: MoveRow): void {
  const since = raise(c, m.vcluster);
  leaveCopy(c, { node: m.node, host: m.from_host, desired: "gone", since, over: true });
  forgetPictures(c, m);
  update(c, m, { phase: "clearing", down_ms: m.held_at === null ? null : Math.max(0, c.now - m.held_at) });
}

/** Does not go on. The source has everything: it is told to go on with it, once nothing runs on the target. */
export function turnBack(c: Change, m: MoveRow, outcome: "failed" | "cancelled", error: Failure): void {
  if (BEFORE_SWITCH.includes(m.phase)) {
    const held = c.tx.get<{ hold: number }>("SELECT hold FROM nodes WHERE id = $id", { id: m.node })?.hold ?? 0;
    if (held !== 0) place(c, m.node, m.vcluster, m.from_host, null);
    forgetPictures(c, m);
    update(c, m, { phase: "undoing", outcome, error });
  } else if (m.phase === "switched") {
    const since = raise(c, m.vcluster);
    c.tx.run("UPDATE nodes SET hold = 1, since = $since, state = 'preparing', reason = $reason WHERE id = $id", {
      since,
      reason: `goes back to ${m.from_host}: ${error.message}`,
      id: m.node,
    });
    update(c, m, { phase: "returning", outcome, error });
  }
}

/** Nothing runs on the target: the source has the node again. */
export function giveBack(c: Change, m: MoveRow): void {
  const since = place(c, m.node, m.vcluster, m.from_host, null);
  dropCopy(c, m.node, m.from_host);
  leaveCopy(c, { node: m.node, host: m.to_host, desired: "gone", since, over: true });
  forgetPictures(c, m);
  update(c, m, { phase: "undoing" });
  tell(c, m, "info", `${m.name} is placed on ${m.from_host} again, and stopped on ${m.to_host}`);
}

/** The node itself is being deleted. */
export function abandon(c: Change, m: MoveRow): void {
  forgetPictures(c, m);
  const error = { code: "gone", message: "was deleted meanwhile", hint: "" };
  update(c, m, { phase: "cancelled", outcome: "cancelled", error });
}

export function arrive(c: Change, m: MoveRow): void {
  update(c, m, { phase: "moved" });
  const down = m.down_ms === null ? "" : `, down for ${(m.down_ms / 1000).toFixed(1)} s`;
  tell(c, m, "ok", `${m.name} moved from ${m.from_host} to ${m.to_host}${down}`);
}

export function endBack(c: Change, m: MoveRow): void {
  update(c, m, { phase: m.outcome ?? "failed" });
  const why = m.error === null ? "" : `: ${(JSON.parse(m.error) as Failure).message}`;
  tell(c, m, m.outcome === "cancelled" ? "info" : "failed", `${m.name} stays on ${m.from_host}${why}`);
}

/** Where the node is from now on, and nobody holds it. What it is there, only that host can say. */
function place(c: Change, node: string, vcluster: string, host: string, why: string | null): number {
  const since = raise(c, vcluster);
  c.tx.run(
    `UPDATE nodes SET host = $host, hold = 0, since = $since, state = 'pending', reason = $reason, why = coalesce($why, why)
     WHERE id = $node`,
    { host, since, node, why, reason: why && `${host} has it now, and starts it` },
  );
  return since;
}

function forgetPictures(c: Change, m: MoveRow): void {
  for (const host of [m.from_host, m.to_host]) {
    c.tx.run("INSERT OR IGNORE INTO picture_removals (node, host) VALUES ($node, $host)", { node: m.node, host });
  }
}

function tell(c: Change, m: MoveRow, result: "ok" | "info" | "failed", message: string): void {
  const vc = vclusterRow(c.tx, m.vcluster);
  if (!vc) return;
  const op = c.tx.get<{ actor: string; request_id: string }>(
    "SELECT actor, request_id FROM operations WHERE id = $id",
    {
      id: m.operation,
    },
  );
  c.event({
    actor: op?.actor ?? "system",
    action: "node.move",
    object: vc.name,
    owner: vc.owner,
    result,
    message,
    requestId: op?.request_id ?? null,
  });
}
