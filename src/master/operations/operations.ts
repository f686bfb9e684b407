import type { Operation, Step } from "../../contracts/public/index.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import { ended } from "./steps.ts";

export interface OperationRow {
  seq: number;
  id: string;
  kind: Operation["kind"];
  owner: string;
  object: string;
  vcluster: string | null;
  image: string | null;
  host: string | null;
  state: Operation["state"];
  outcome: "failed" | "cancelled" | null;
  plan: "boot" | "stop" | "remove" | "build" | "move" | "drain";
  total: number;
  cancellable: number;
  steps: string;
  error: string | null;
  actor: string;
  request_id: string;
  started_at: number;
  ended_at: number | null;
}

export type Failure = { code: string; message: string; hint: string };

export interface NewOperation {
  id: string;
  kind: Operation["kind"];
  owner: string;
  object: string;
  vcluster?: string;
  image?: string;
  host?: string;
  plan: OperationRow["plan"];
  total: number;
  cancellable: boolean;
  steps: Step[];
  actor: string;
  requestId: string;
}

/** Begins an operation and writes down who asked for it. `message` says what was asked, in words. */
export function begin(c: Change, o: NewOperation, message: string): void {
  c.tx.run(
    `INSERT INTO operations (id, kind, owner, object, vcluster, image, host, state, outcome, plan, total, cancellable, steps, actor, request_id, started_at)
     VALUES ($id, $kind, $owner, $object, $vcluster, $image, $host, 'running', NULL, $plan, $total, $cancellable, $steps, $actor, $requestId, $now)`,
    {
      id: o.id,
      kind: o.kind,
      owner: o.owner,
      object: o.object,
      vcluster: o.vcluster ?? null,
      image: o.image ?? null,
      host: o.host ?? null,
      plan: o.plan,
      total: o.total,
      cancellable: o.cancellable ? 1 : 0,
      steps: JSON.stringify(o.steps),
      actor: o.actor,
      requestId: o.requestId,
      now: c.now,
    },
  );
  c.operations.add(o.id);
  c.event({
    actor: o.actor,
    action: o.kind,
    object: o.object,
    owner: o.owner,
    result: "info",
    message,
    requestId: o.requestId,
  });
}

export function setSteps(c: Change, op: OperationRow, steps: Step[]): void {
  const text = JSON.stringify(steps);
  if (text === op.steps) return;
  c.tx.run("UPDATE operations SET steps = $text WHERE id = $id", { text, id: op.id });
  op.steps = text;
  c.operations.add(op.id);
}

/** Goes no further, and undoes what it did. */
export function turn(
  c: Change,
  op: OperationRow,
  outcome: "failed" | "cancelled",
  error: Failure,
  steps: Step[],
): void {
  op.outcome = outcome;
  op.state = outcome === "cancelled" ? "cancelling" : "running";
  op.error = JSON.stringify(error);
  op.steps = JSON.stringify(steps);
  c.tx.run(
    "UPDATE operations SET outcome = $outcome, state = $state, error = $error, steps = $steps, cancellable = 0 WHERE id = $id",
    { outcome, state: op.state, error: op.error, steps: op.steps, id: op.id },
  );
  c.operations.add(op.id);
}

const RESULT = { done: "ok", failed: "failed", cancelled: "info" } as const;

export function end(
  c: Change,
  op: OperationRow,
  how: "done" | "failed" | "cancelled",
  error: Failure | null,
  message: string,
): void {
  c.tx.run(
    "UPDATE operations SET state = $how, error = $error, steps = $steps, cancellable = 0, ended_at = $now WHERE id = $id",
    {
      how,
      error: error && JSON.stringify(error),
      steps: JSON.stringify(ended(JSON.parse(op.steps) as Step[], how, error?.message ?? null)),
      now: c.now,
      id: op.id,
    },
  );
  c.operations.add(op.id);
  c.event({
    actor: op.actor,
    action: op.kind,
    object: op.object,
    owner: op.owner,
    result: RESULT[how],
    message,
    requestId: op.request_id,
  });
}

export function failureOf(op: OperationRow): Failure | null {
  return op.error === null ? null : (JSON.parse(op.error) as Failure);
}

export function operationRow(db: Reader, id: string): OperationRow | null {
  return db.get<OperationRow>("SELECT * FROM operations WHERE id = $id", { id });
}

export function activeOperation(db: Reader, vcluster: string): OperationRow | null {
  return db.get<OperationRow>("SELECT * FROM operations WHERE vcluster = $vcluster AND ended_at IS NULL", { vcluster });
}

export function present(r: OperationRow): Operation {
  return {
    id: r.id,
    kind: r.kind,
    owner: r.owner,
    object: r.object,
    state: r.state,
    steps: JSON.parse(r.steps) as Step[],
    error: failureOf(r),
    cancellable: r.cancellable !== 0,
    startedAt: r.started_at,
    endedAt: r.ended_at,
  };
}

export function readOperation(db: Reader, id: string): Operation | null {
  const row = operationRow(db, id);
  return row && present(row);
}

/** A page, newest first. */
export function listOperations(
  db: Reader,
  filter: {
    owner: string | null;
    object?: string | undefined;
    active?: boolean | undefined;
    cursor?: string | undefined;
    limit: number;
  },
): { items: Operation[]; next: string | null } {
  const rows = db.all<OperationRow>(
    // Only what is asked for is compared: `$owner IS NULL OR` would look at everybody's.
    `SELECT * FROM operations WHERE seq < $before${filter.owner === null ? "" : " AND owner = $owner"}${filter.object === undefined ? "" : " AND object = $object"}
     ${filter.active === undefined ? "" : `AND ended_at IS ${filter.active ? "" : "NOT "}NULL`} ORDER BY seq DESC LIMIT $limit`,
    {
      before: filter.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(filter.cursor) || 0,
      ...(filter.owner === null ? {} : { owner: filter.owner }),
      ...(filter.object === undefined ? {} : { object: filter.object }),
      limit: filter.limit + 1,
    },
  );
  const page = rows.slice(0, filter.limit);
  return { items: page.map(present), next: rows.length > filter.limit ? String(page.at(-1)!.seq) : null };
}
