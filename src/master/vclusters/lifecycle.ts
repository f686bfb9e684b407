import type { Cause, VclusterRef } from "../../contracts/master.ts";
import type { Step } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import {
  activeOperation,
  begin,
  end,
  type Failure,
  failureOf,
  type OperationRow,
  operationRow,
  turn,
} from "../operations/operations.ts";
import { bootSteps, countSteps, turned } from "../operations/steps.ts";
import { desire, dismiss } from "./desire.ts";
import { nodeRows, type VclusterRow, vclusterRow } from "./rows.ts";
import { isAdded } from "./state.ts";

/** Start, stop, delete and cancel: what is already so, or already under way, is answered and not done twice. */

export interface Asked extends VclusterRef {
  /** Id for the operation, if one is begun. */
  operation: string;
}

export function needed(db: Reader, id: string): VclusterRow {
  const vc = vclusterRow(db, id);
  if (!vc) throw new DockletError("not_found", "There is no such vcluster.", "It may have been deleted meanwhile.");
  return vc;
}

/** Like `needed`, and it is not on its way out. */
export function alive(db: Reader, id: string): VclusterRow {
  const vc = needed(db, id);
  if (vc.desired === "deleted") throw new DockletError("gone", `${vc.name} is being deleted.`, "Create a new one.");
  return vc;
}

const DOING: Partial<Record<OperationRow["kind"], string>> = {
  "vcluster.create": "created",
  "vcluster.start": "started",
  "vcluster.stop": "stopped",
  "vcluster.scale": "scaled",
  "vcluster.move": "moved",
};

export function busy(vc: VclusterRow, op: OperationRow): DockletError {
  return new DockletError(
    "conflict",
    `${vc.name} is being ${DOING[op.kind] ?? "changed"} right now.`,
    op.cancellable ? "Wait until that is done, or cancel it." : "Wait until that is done.",
    { operation: op.id },
  );
}

export function start(c: Change, a: Asked): string {
  const vc = alive(c.tx, a.id);
  const op = activeOperation(c.tx, vc.id);
  if (op && op.outcome === null && (op.kind === "vcluster.start" || op.kind === "vcluster.create")) return op.id;
  if (op) throw busy(vc, op);
  const nodes = nodeRows(c.tx, vc.id);
  const already = vc.desired === "running" && vc.state === "ready";
  const ready = nodes.filter((n) => n.state === "ready").length;
  const steps = bootSteps(false, nodes.length, ready, ready);
  begin(c, plain(vc, a, "vcluster.start", "boot", nodes.length, !already, steps), `${nodes.length} nodes`);
  if (already) finishAtOnce(c, a.operation, "it runs already");
  else desire(c, vc.id, "running");
  return a.operation;
}

export function stop(c: Change, a: Asked): string {
  const vc = alive(c.tx, a.id);
  const op = activeOperation(c.tx, vc.id);
  if (op?.kind === "vcluster.stop" || (op?.kind === "vcluster.start" && op.outcome !== null)) return op.id;
  if (op && op.kind !== "vcluster.start") throw busy(vc, op);
  if (op) overtake(c, op, a, "it is being stopped");
  const nodes = nodeRows(c.tx, vc.id);
  const already = vc.desired === "stopped" && vc.state === "stopped";
  const steps = countSteps("stop", nodes.length, nodes.filter((n) => n.state === "stopped").length);
  begin(c, plain(vc, a, "vcluster.stop", "stop", nodes.length, false, steps), `${nodes.length} nodes`);
  if (already) finishAtOnce(c, a.operation, "it is stopped already");
  else desire(c, vc.id, "stopped");
  return a.operation;
}

export function remove(c: Change, a: Asked): string {
  const vc = needed(c.tx, a.id);
  const op = activeOperation(c.tx, vc.id);
  if (op?.kind === "vcluster.delete") return op.id;
  if (op) overtake(c, op, a, "it is being deleted");
  const nodes = nodeRows(c.tx, vc.id);
  const steps = countSteps("remove", nodes.length, 0);
  begin(c, plain(vc, a, "vcluster.delete", "remove", nodes.length, false, steps), `${nodes.length} nodes`);
  desire(c, vc.id, "deleted");
  return a.operation;
}

/** Turns an operation round: what it did is undone. Says which operation it was. */
export function cancel(c: Change, op: OperationRow, cause: Cause): void {
  if (op.ended_at !== null || op.outcome !== null) return;
  if (!op.cancellable || op.vcluster === null) {
    throw new DockletError("conflict", "This can't be cancelled any more.", "Wait until it is done.");
  }
  const why: Failure = { code: "cancelled", message: `cancelled by ${cause.actor}`, hint: "" };
  const steps = JSON.parse(op.steps) as Step[];
  const undo = op.kind === "vcluster.start" ? "stop" : "roll back";
  turn(c, op, "cancelled", why, turned(steps, "cancelled", why.message, undo));
  if (op.kind === "vcluster.create") desire(c, op.vcluster, "deleted");
  else if (op.kind === "vcluster.start") desire(c, op.vcluster, "stopped");
  else {
    const added = nodeRows(c.tx, op.vcluster).filter((n) => isAdded(n, op));
    dismiss(
      c,
      op.vcluster,
      added.map((n) => n.id),
    );
  }
}

/** Something stronger takes over: this operation ends here, and what it began is the next one's business. */
function overtake(c: Change, op: OperationRow, cause: Cause, because: string): void {
  const why: Failure = { code: "cancelled", message: `${because}, asked for by ${cause.actor}`, hint: "" };
  if (op.outcome === null) end(c, op, "cancelled", why, why.message);
  else end(c, op, op.outcome, failureOf(op), `${failureOf(op)?.message ?? ""}; ${because}`);
}

export function finishAtOnce(c: Change, operation: string, message: string): void {
  end(c, operationRow(c.tx, operation)!, "done", null, message);
}

export function plain(
  vc: VclusterRow,
  a: Asked,
  kind: OperationRow["kind"],
  plan: OperationRow["plan"],
  total: number,
  cancellable: boolean,
  steps: Step[],
) {
  return {
    id: a.operation,
    kind,
    owner: vc.owner,
    object: vc.name,
    vcluster: vc.id,
    plan,
    total,
    cancellable,
    steps,
    actor: a.actor,
    requestId: a.requestId,
  };
}
