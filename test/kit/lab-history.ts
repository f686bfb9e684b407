import { Database } from "bun:sqlite";
import { join } from "node:path";
import { type Fact, type Fate, judge } from "./history.ts";
import type { LabDocklet } from "./lab-docklet.ts";

/** Two may own a node for so long: a shell looks once a second. ms */
const SLACK_MS = 1_500;

/** What the docklets of a lab wrote down about its nodes. All hosts of a lab have one clock. */
export class LabHistory {
  readonly fates: Fate[] = [];

  constructor(readonly docklets: readonly LabDocklet[]) {}

  facts(): Fact[] {
    return this.docklets.flatMap((d) =>
      query<Omit<Fact, "host">>(
        join(d.host.prefix, "local/worker.db"),
        "SELECT node, what, ms AS at, term, generation FROM runs ORDER BY seq",
      ).map((f) => ({ ...f, host: d.host.name })),
    );
  }

  of(host: string, node: string): string[] {
    return this.facts()
      .filter((f) => f.host === host && f.node === node)
      .map((f) => f.what);
  }

  /** What was ordered to go, by the master's own events: nodes made anew elsewhere. `ids`: of host-0 of each vcluster. */
  gone(ids: ReadonlyMap<string, string>): { host: string; node: string }[] {
    const events = query<{ object: string; message: string }>(
      join(this.docklets[0]!.host.prefix, "local/master.db"),
      "SELECT object, message FROM events WHERE action = 'vcluster.recover' ORDER BY seq",
    );
    return events.flatMap((e) => {
      const host = /what was on their disks on (\S+) is given up/.exec(e.message)?.[1];
      const node = ids.get(e.object);
      return host && node ? [{ host, node }] : [];
    });
  }

  /** What is wrong with it; empty: every node had one owner at any time. */
  judge(ids: ReadonlyMap<string, string>): string[] {
    return judge({ facts: this.facts(), fates: this.fates, gone: this.gone(ids), slack: SLACK_MS });
  }
}

/** Id of the container of a node on a host; null: it has none. */
export function instanceOf(d: LabDocklet, node: string): string | null {
  const sql = `SELECT id FROM instances WHERE node = '${node}'`;
  return query<{ id: string }>(join(d.host.prefix, "local/worker.db"), sql)[0]?.id ?? null;
}

function query<T>(file: string, sql: string): T[] {
  const db = new Database(file, { readonly: true });
  try {
    return db.query(sql).all() as T[];
  } finally {
    db.close();
  }
}
