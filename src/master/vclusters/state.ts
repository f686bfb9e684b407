import type { State, Vcluster } from "../../contracts/public/index.ts";
import type { OperationRow } from "../operations/operations.ts";
import { type NodeRow, nodeName } from "./rows.ts";

/** From what its nodes are to what a vcluster is. Pure. */

/** Least advanced first. */
const BOOT_ORDER: State[] = ["pending", "preparing", "booting", "ready"];

export function matches(n: NodeRow): boolean {
  return (n.desired === "running" && n.state === "ready") || (n.desired === "stopped" && n.state === "stopped");
}

/** Nodes that a running scale adds: they don't make the others less ready. */
export function isAdded(n: NodeRow, op: OperationRow | null): boolean {
  return op?.kind === "vcluster.scale" && n.operation === op.id;
}

export function stateOf(
  desired: Vcluster["desired"],
  nodes: NodeRow[],
  op: OperationRow | null,
  /** Why orders don't reach a host; null: they do. */
  undelivered: string | null,
): { state: State; reason: string | null } {
  const problem = nodes.find((n) => n.waits !== null)?.waits ?? undelivered;
  if (desired === "deleted") {
    const stuck = nodes.find((n) => n.reason !== null);
    return { state: "deleting", reason: stuck ? spoken(stuck) : problem };
  }
  const live = nodes.filter((n) => n.desired !== "gone" && !isAdded(n, op));
  const failed = live.find((n) => n.state === "failed");
  if (failed) return { state: "failed", reason: spoken(failed) };
  if (desired === "stopped") {
    const all = live.every((n) => n.state === "stopped");
    return { state: all ? "stopped" : "stopping", reason: problem };
  }
  if (live.every((n) => n.state === "ready")) return { state: "ready", reason: problem };
  const down = live.filter((n) => n.state === "stopped");
  if (op === null && down[0]) {
    const why = down[0].waits ?? down[0].reason ?? "it was shut down from inside";
    if (down.length === live.length) return { state: "stopped", reason: why };
    return { state: "failed", reason: `${nodeName(down[0])}: ${why}` };
  }
  if (live.some((n) => n.state === "stopping")) return { state: "stopping", reason: problem };
  const least = Math.min(...live.map((n) => Math.max(0, BOOT_ORDER.indexOf(n.state))));
  return { state: BOOT_ORDER[least]!, reason: live.find((n) => n.reason !== null)?.reason ?? problem };
}

export function spoken(n: NodeRow): string {
  return `${nodeName(n)}: ${n.reason ?? "failed"}`;
}
