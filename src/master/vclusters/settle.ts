import type { Step } from "../../contracts/public/index.ts";
import type { Change } from "../change.ts";
import {
  activeOperation,
  end,
  type Failure,
  failureOf,
  type OperationRow,
  setSteps,
  turn,
} from "../operations/operations.ts";
import { bootSteps, countSteps, turned, undoing } from "../operations/steps.ts";
import { desire, dismiss } from "./desire.ts";
import { type NodeRow, nodeRows, type VclusterRow, vclusterRow } from "./rows.ts";
import { isAdded, matches, spoken, stateOf } from "./state.ts";

/** What delivery knows: it is not in the rows, because it is found out anew after a restart. */
export interface Deliveries {
  /** Have all these hosts written down this generation? */
  delivered(vcluster: string, generation: number, hosts: Iterable<string>): boolean;
  /** Why orders of this vcluster don't reach a host; null: they do. */
  problem(vcluster: string): string | null;
}

/**
 * Looks at the rows of one vcluster and draws the conclusions: turns an operation round that has failed, ends one
 * that has arrived, deletes what is wholly gone, and says what state the vcluster is in. It runs at the end of every
 * write that touched the vcluster, so rows and conclusions are never apart, whenever docklet dies.
 */
export function settle(c: Change, id: string, deliveries: Deliveries): void {
  let vc = vclusterRow(c.tx, id);
  if (!vc) return;
  let nodes = nodeRows(c.tx, id);
  const active = activeOperation(c.tx, id);
  // Nodes that move conclude their operation themselves.
  const op = active?.plan === "move" ? null : active;
  if (op) {
    const failed = failedNode(op, nodes);
    if (failed && giveUp(c, op, vc, nodes, failed)) {
      vc = vclusterRow(c.tx, id)!;
      nodes = nodeRows(c.tx, id);
    }
  }
  // Giving up may have ended it.
  const open = op && activeOperation(c.tx, id);
  if (open) {
    setSteps(c, open, stepsOf(open, nodes, deliveries.problem(id)));
    if (arrived(open, vc, nodes, deliveries) && finish(c, open, vc)) return;
  } else if (vc.desired === "deleted" && nodes.length === 0) {
    forget(c, vc);
    return;
  }
  const rest = activeOperation(c.tx, id);
  const { state, reason } = stateOf(vc.desired, nodes, rest, deliveries.problem(id));
  if (state === vc.state && reason === vc.reason) return;
  c.tx.run("UPDATE vclusters SET state = $state, reason = $reason WHERE id = $id", { state, reason, id });
  if (state === "failed" && vc.state !== "failed" && !active) {
    c.event({
      actor: "system",
      action: "vcluster.failed",
      object: vc.name,
      owner: vc.owner,
      result: "failed",
      message: reason ?? "failed",
      requestId: null,
    });
  }
}

/** The node that makes this operation fail. What is to go is tried again for ever instead, by the worker and by delivery. */
function failedNode(op: OperationRow, nodes: NodeRow[]): NodeRow | undefined {
  return nodes.find(
    (n) => n.state === "failed" && n.desired !== "gone" && (op.kind !== "vcluster.scale" || isAdded(n, op)),
  );
}

/** Something failed. Undoes what can be undone, or ends the operation. */
function giveUp(c: Change, op: OperationRow, vc: VclusterRow, nodes: NodeRow[], failed: NodeRow): boolean {
  const error: Failure = {
    code: "host_command",
    message: spoken(failed),
    hint: "Try again; if it fails again, the history of this vcluster and the log of the host say more.",
  };
  const steps = JSON.parse(op.steps) as Step[];
  if (op.outcome === null && op.kind === "vcluster.create") {
    turn(c, op, "failed", error, turned(steps, "failed", error.message, "roll back"));
    desire(c, vc.id, "deleted");
    return true;
  }
  if (op.outcome === null && op.kind === "vcluster.scale" && op.plan === "boot") {
    turn(c, op, "failed", error, turned(steps, "failed", error.message, "roll back"));
    dismiss(
      c,
      vc.id,
      nodes.filter((n) => isAdded(n, op)).map((n) => n.id),
    );
    return true;
  }
  // Start and stop leave what they reached as it is: disks are kept, and doing it again is the cure.
  end(c, op, op.outcome ?? "failed", op.outcome ? failureOf(op) : error, error.message);
  return true;
}

function arrived(op: OperationRow, vc: VclusterRow, nodes: NodeRow[], deliveries: Deliveries): boolean {
  if (nodes.some((n) => n.desired === "gone")) return false;
  const asked = op.kind === "vcluster.scale" ? nodes.filter((n) => isAdded(n, op)) : nodes;
  return asked.every(matches) && deliveries.delivered(vc.id, vc.generation, new Set(nodes.map((n) => n.host)));
}

/** Ends an operation that has arrived. true: the vcluster is gone with it. */
function finish(c: Change, op: OperationRow, vc: VclusterRow): boolean {
  const ms = c.now - op.started_at;
  const took = ms < 1000 ? `${Math.max(0, ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
  const error = failureOf(op);
  const message = error?.message ?? `${DONE[op.plan]} after ${took}`;
  end(c, op, op.outcome ?? "done", error, op.outcome ? `${message}; everything was undone` : message);
  if (vc.desired !== "deleted") return false;
  forget(c, vc);
  return true;
}

const DONE = { boot: "ready", stop: "stopped", remove: "removed", build: "built", move: "moved", drain: "empty" };

function forget(c: Change, vc: VclusterRow): void {
  c.tx.run("DELETE FROM vclusters WHERE id = $id", { id: vc.id });
  c.deleted.push({ id: vc.id, name: vc.name, owner: vc.owner });
}

function stepsOf(op: OperationRow, nodes: NodeRow[], problem: string | null): Step[] {
  const old = JSON.parse(op.steps) as Step[];
  const leaving = nodes.filter((n) => n.desired === "gone");
  const stuck = leaving.find((n) => n.reason !== null);
  const note = stuck ? spoken(stuck) : problem;
  const stopped = nodes.filter((n) => n.state === "stopped").length;
  let steps: Step[];
  if (op.outcome !== null) {
    const left = op.kind === "vcluster.start" ? nodes.length - stopped : leaving.length;
    return undoing(old, op.total - left, op.total, note);
  }
  if (op.plan === "boot") {
    const asked = op.kind === "vcluster.scale" ? nodes.filter((n) => isAdded(n, op)) : nodes;
    const made = asked.filter((n) => n.state === "booting" || matches(n)).length;
    steps = bootSteps(op.kind !== "vcluster.start", op.total, made, asked.filter(matches).length);
  } else {
    const done = op.plan === "stop" ? stopped : op.total - leaving.length;
    steps = countSteps(op.plan === "stop" ? "stop" : "remove", op.total, done);
  }
  return note === null ? steps : steps.map((s) => (s.state === "running" ? { ...s, message: note } : s));
}
