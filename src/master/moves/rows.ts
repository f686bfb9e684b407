import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import type { Failure } from "../operations/operations.ts";

/**
 * The way of one node to another host. Up to `last` it belongs to the source, from `switched` on to the target;
 * `returning` and `undoing` lead back. The last three are ends.
 */
export type Phase =
  | "waiting"
  | "layers"
  | "copying"
  | "holding"
  | "last"
  | "switched"
  | "clearing"
  | "returning"
  | "undoing"
  | "moved"
  | "failed"
  | "cancelled";

export interface MoveRow {
  seq: number;
  operation: string;
  node: string;
  vcluster: string;
  name: string;
  from_host: string;
  to_host: string;
  phase: Phase;
  round: number;
  base: string | null;
  sent: number;
  held_at: number | null;
  down_ms: number | null;
  outcome: "failed" | "cancelled" | null;
  error: string | null;
}

/** Phases in which nothing has been taken from the source yet. */
export const BEFORE_SWITCH: readonly Phase[] = ["waiting", "layers", "copying", "holding", "last"];
export const ENDS: readonly Phase[] = ["moved", "failed", "cancelled"];
/** The same, for SQL: the index `moves_node` covers what is not in it. */
const OPEN = "phase NOT IN ('moved', 'failed', 'cancelled')";

export const isOpen = (m: MoveRow): boolean => !ENDS.includes(m.phase);

export function openMoves(db: Reader): MoveRow[] {
  return db.all<MoveRow>(`SELECT * FROM moves WHERE ${OPEN} ORDER BY seq`);
}

/** The move of a node that is under way. */
export function moveOf(db: Reader, node: string): MoveRow | null {
  return db.get<MoveRow>(`SELECT * FROM moves WHERE node = $node AND ${OPEN}`, { node });
}

export function movesOfOperation(db: Reader, operation: string): MoveRow[] {
  return db.all<MoveRow>("SELECT * FROM moves WHERE operation = $operation ORDER BY seq", { operation });
}

export function movesOfVcluster(db: Reader, vcluster: string): MoveRow[] {
  return db.all<MoveRow>(`SELECT * FROM moves WHERE vcluster = $vcluster AND ${OPEN} ORDER BY seq`, { vcluster });
}

/** Name of a picture of this move: a host keeps those of several apart. */
export const pictureName = (m: Pick<MoveRow, "seq">, round: number): string => `m${m.seq}r${round}`;

export type Fields = Partial<Pick<MoveRow, "phase" | "round" | "base" | "sent" | "held_at" | "down_ms" | "outcome">> & {
  error?: Failure | null;
};

/** Writes what is new of a move, in the row and in the object. */
export function update(c: Change, m: MoveRow, fields: Fields): void {
  const error = fields.error === undefined ? m.error : fields.error && JSON.stringify(fields.error);
  Object.assign(m, fields, { error });
  c.tx.run(
    `UPDATE moves SET phase = $phase, round = $round, base = $base, sent = $sent, held_at = $held_at, down_ms = $down_ms,
     outcome = $outcome, error = $error WHERE seq = $seq`,
    {
      seq: m.seq,
      phase: m.phase,
      round: m.round,
      base: m.base,
      sent: m.sent,
      held_at: m.held_at,
      down_ms: m.down_ms,
      outcome: m.outcome,
      error: m.error,
    },
  );
  c.touched.add(m.vcluster);
  c.moving.add(m.operation);
}

export const errorOf = (m: MoveRow): Failure | null => (m.error === null ? null : (JSON.parse(m.error) as Failure));
