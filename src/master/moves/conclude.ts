import type { Step } from "../../contracts/public/index.ts";
import type { Change } from "../change.ts";
import { end, type Failure, failureOf, type OperationRow, operationRow, setSteps } from "../operations/operations.ts";
import { type Live, moveSteps } from "./progress.ts";
import { errorOf, isOpen, type MoveRow, movesOfOperation } from "./rows.ts";

/** Brings an operation that moves nodes in step with its rows, and ends it when they have all ended. */
export function conclude(c: Change, id: string, live: (m: MoveRow) => Live | null): void {
  const op = operationRow(c.tx, id);
  const rows = movesOfOperation(c.tx, id);
  const open = rows.some(isOpen);
  if (op && op.ended_at === null) {
    if (open) setSteps(c, op, moveSteps(rows, live, op.outcome !== null));
    else finish(c, op, rows);
    return;
  }
  // Something stronger took over; the rows were only there for what was still on its way.
  if (!open) forget(c, id);
}

function finish(c: Change, op: OperationRow, rows: MoveRow[]): void {
  const moved = rows.filter((m) => m.phase === "moved");
  const failed = rows.filter((m) => m.phase === "failed");
  setSteps(c, op, lastSteps(op, rows));
  const left = op.plan === "drain" ? stragglers(c, op, rows) : [];
  const error = op.outcome === "cancelled" ? failureOf(op) : failureFrom(op, rows, failed, left);
  const how = op.outcome === "cancelled" ? "cancelled" : error ? "failed" : "done";
  const done = `${moved.length} of ${rows.length} node${rows.length === 1 ? "" : "s"} moved`;
  end(c, op, how, error, error ? `${error.message}; ${done}` : done);
  forget(c, op.id);
}

function lastSteps(op: OperationRow, rows: MoveRow[]): Step[] {
  return moveSteps(rows, () => null, op.outcome !== null);
}

/** Every reason once, with those whom it concerns. */
function failureFrom(op: OperationRow, rows: MoveRow[], failed: MoveRow[], left: string[]): Failure | null {
  if (failed.length === 0 && left.length === 0) return null;
  const reasons = Map.groupBy(failed, (m) => errorOf(m)?.message ?? "failed");
  const parts = [...reasons].map(([why, ms]) => `${ms.map((m) => m.name).join(", ")}: ${why}`);
  if (left.length > 0) parts.push(`still on ${op.object}: ${left.join(", ")}`);
  const first = failed.map(errorOf).find((e) => e !== null);
  const moved = rows.length - failed.length;
  return {
    code: first?.code ?? "conflict",
    message: parts.join("; "),
    hint: `${first?.hint ? `${first.hint} ` : ""}${moved > 0 ? "The others were moved; what is named here stayed where it was." : "Nothing was moved."}`,
  };
}

/** Nodes that are on a drained host although every row has ended. */
function stragglers(c: Change, op: OperationRow, rows: MoveRow[]): string[] {
  const known = new Set(rows.filter((m) => m.phase !== "moved").map((m) => m.node));
  return c.tx
    .all<{ id: string; idx: number; vcluster: string; owner: string }>(
      `SELECT n.id, n.idx, v.name AS vcluster, o.name AS owner FROM nodes n JOIN vclusters v ON v.id = n.vcluster
       JOIN owners o ON o.id = v.owner_id WHERE n.host = $host AND n.desired <> 'gone' ORDER BY v.seq, n.idx`,
      { host: op.host },
    )
    .filter((n) => !known.has(n.id))
    .map((n) => `${n.owner}/${n.vcluster} host-${n.idx}`);
}

function forget(c: Change, id: string): void {
  c.tx.run("DELETE FROM moves WHERE operation = $id", { id });
}
