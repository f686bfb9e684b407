import type { Vcluster } from "../../contracts/public/index.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import type { Refused } from "./anew.ts";

/** What is wished of a node, for as long as its host is there and after. */
export type Wish = Vcluster["onHostLoss"] & { runs: boolean };
/** What a node waits for of which this is wished; null: nothing. */
export type Words = (wish: Wish) => string | null;

const WISHES: Wish[] = (["keep", "freeze", "stop"] as const).flatMap((nodes) =>
  (["wait", "anew"] as const).flatMap((recover) => [true, false].map((runs) => ({ nodes, recover, runs }))),
);
/** What its host was told, which is not always what is wished. */
const TOLD = "(CASE WHEN nodes.kept = 1 THEN 'keep' ELSE loss_nodes END)";

/** Writes what the nodes of a host wait for, as each vcluster wishes it; `except`: ids of nodes that say more already. */
export function mark(c: Change, host: string, words: Words, except: string[] = []): void {
  for (const w of WISHES) {
    const rows = c.tx.all<{ vcluster: string }>(
      `UPDATE nodes SET waits = $waits WHERE host = $host AND waits IS NOT $waits
       AND (desired = 'running') = $runs AND id NOT IN (SELECT value FROM json_each($except))
       AND vcluster IN (SELECT id FROM vclusters WHERE loss_recover = $recover AND ${TOLD} = $nodes) RETURNING vcluster`,
      asked(host, w, words, except),
    );
    for (const r of rows) c.touched.add(r.vcluster);
  }
}

/** Are there nodes that don't say it yet? */
export function differs(db: Reader, host: string, words: Words, except: string[]): boolean {
  return WISHES.some((w) =>
    db.get(
      `SELECT 1 FROM nodes JOIN vclusters v ON v.id = nodes.vcluster WHERE nodes.host = $host AND ${TOLD} = $nodes
       AND v.loss_recover = $recover AND (nodes.desired = 'running') = $runs AND nodes.waits IS NOT $waits
       AND nodes.id NOT IN (SELECT value FROM json_each($except)) LIMIT 1`,
      asked(host, w, words, except),
    ),
  );
}

const asked = (host: string, w: Wish, words: Words, except: string[]) => ({
  host,
  waits: words(w),
  except: JSON.stringify(except),
  nodes: w.nodes,
  recover: w.recover,
  runs: w.runs ? 1 : 0,
});

/** Nodes that found no place say why. Returns their ids. */
export function refuse(c: Change, refused: Refused[], words: Words): string[] {
  for (const { vcluster, nodes, policy, why } of refused) {
    const changed = c.tx.run(
      "UPDATE nodes SET waits = $waits WHERE waits IS NOT $waits AND id IN (SELECT value FROM json_each($ids))",
      { waits: `${words({ ...policy, runs: true })} ${why}`, ids: JSON.stringify(nodes) },
    );
    if (changed > 0) c.touched.add(vcluster);
  }
  return refused.flatMap((r) => r.nodes);
}

/** Are there nodes on this host that are to be made anew once its lease is over? */
export function hasLeased(db: Reader, host: string): boolean {
  const sql = `SELECT 1 FROM nodes n JOIN vclusters v ON v.id = n.vcluster WHERE n.host = $host AND n.desired = 'running'
    AND v.desired = 'running' AND v.loss_recover = 'anew' AND v.loss_nodes <> 'keep' AND n.kept = 0 LIMIT 1`;
  return db.get(sql, { host }) !== null;
}
