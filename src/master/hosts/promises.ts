import type { Reader } from "../../store/store.ts";
import type { Amount } from "../placement/amount.ts";

/** What live nodes were promised on a host, and how many they are. Stopped nodes keep their place. */
export interface Promised extends Amount {
  nodes: number;
}

interface Row {
  host: string;
  cpu: number;
  memory: number;
  disk: number;
  nodes: number;
}

const read = (r: Row): Promised => ({ cpu: r.cpu / 1000, memory: r.memory, disk: r.disk, nodes: r.nodes });

/** Of all hosts that have any. The rows follow the nodes in every transaction: see the migration that made them. */
export function promisedByHost(db: Reader): Map<string, Promised> {
  const rows = db.all<Row>("SELECT host, cpu, memory, disk, nodes FROM promised");
  return new Map(rows.map((r) => [r.host, read(r)]));
}

export function promisedOn(db: Reader, host: string): Promised | undefined {
  const row = db.get<Row>("SELECT host, cpu, memory, disk, nodes FROM promised WHERE host = $host", { host });
  return row ? read(row) : undefined;
}
