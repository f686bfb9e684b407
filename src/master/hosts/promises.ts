import type { Reader } from "../../store/store.ts";
import type { Amount } from "../placement/amount.ts";

/** What is promised on a host, and how many nodes are placed there. Stopped nodes keep their place. */
export interface Promised extends Amount {
  nodes: number;
}

interface Row extends Promised {
  host: string;
}

/** Kept by the database with every change of a node: see the migration that made it. cpu in thousandths of a core. */
const PLACED = "SELECT host, cpu, memory, disk, nodes FROM promised";
/** Room that nodes need where they are not placed yet, or no more: on their way to a host, or left there as a copy. */
const ELSEWHERE = `
  SELECT m.to_host AS host, CAST(round(n.cpu * 1000) AS INTEGER) AS cpu, n.memory, n.disk, 0 AS nodes
    FROM moves m JOIN nodes n ON n.id = m.node
    WHERE m.phase NOT IN ('moved', 'failed', 'cancelled') AND m.to_host <> n.host
  UNION ALL
  SELECT c.host, 0, 0, n.disk, 0 FROM copies c JOIN nodes n ON n.id = c.node WHERE c.host <> n.host`;

/** Of all hosts that have any. Costs grow with hosts and with what is on its way, not with nodes. */
export function promisedByHost(db: Reader): Map<string, Promised> {
  const sums = new Map(db.all<Row>(PLACED).map((r) => [r.host, read(r)]));
  for (const r of db.all<Row>(ELSEWHERE)) sums.set(r.host, plus(sums.get(r.host), read(r)));
  return sums;
}

export function promisedOn(db: Reader, host: string): Promised | undefined {
  const placed = db.get<Row>(`${PLACED} WHERE host = $host`, { host });
  const more = db.all<Row>(`SELECT * FROM (${ELSEWHERE}) WHERE host = $host`, { host });
  return more.reduce<Promised | undefined>((sum, r) => plus(sum, read(r)), placed ? read(placed) : undefined);
}

function read(r: Row): Promised {
  return { cpu: r.cpu / 1000, memory: r.memory, disk: r.disk, nodes: r.nodes };
}

function plus(a: Promised | undefined, b: Promised): Promised {
  if (!a) return b;
  return { cpu: a.cpu + b.cpu, memory: a.memory + b.memory, disk: a.disk + b.disk, nodes: a.nodes + b.nodes };
}
