import type { Vcluster } from "../../contracts/public/index.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import type { Refused } from "./anew.ts";

type Policy = Vcluster["onHostLoss"];
/** What a node waits for whose vcluster wishes this; null: nothing. */
export type Words = (policy: Policy) => string | null;

const POLICIES: Policy[] = (["keep", "freeze", "stop"] as const).flatMap((nodes) =>
  (["wait", "anew"] as const).map((recover) => ({ nodes, recover })),
);
/** What its host was told, which is not always what is wished. */
const TOLD = "(CASE WHEN nodes.kept = 1 THEN 'keep' ELSE loss_nodes END)";

/** Writes what the nodes of a host wait for, as each vcluster wishes it; `except`: ids of nodes that say more already. */
export function mark(c: Change, host: string, words: Words, except: string[] = []): void {
  for (const p of POLICIES) {
    const rows = c.tx.all<{ vcluster: string }>(
      `UPDATE nodes SET waits = $waits WHERE host = $host AND waits IS NOT $waits
       AND id NOT IN (SELECT value FROM json_each($except))
       AND vcluster IN (SELECT id FROM vclusters WHERE loss_recover = $recover AND ${TOLD} = $nodes) RETURNING vcluster`,
      { host, waits: words(p), except: JSON.stringify(except), nodes: p.nodes, recover: p.recover },
    );
    for (const r of rows) c.touched.add(r.vcluster);
  }
}

/** Are there nodes that don't say it yet? */
export function differs(db: Reader, host: string, words: Words, except: string[]): boolean {
  return POLICIES.some((p) =>
    db.get(
      `SELECT 1 FROM nodes JOIN vclusters v ON v.id = nodes.vcluster WHERE nodes.host = $host AND ${TOLD} = $nodes
       AND v.loss_recover = $recover AND nodes.waits IS NOT $waits
       AND nodes.id NOT IN (SELECT value FROM json_each($except)) LIMIT 1`,
      { host, waits: words(p), except: JSON.stringify(except), nodes: p.nodes, recover: p.recover },
    ),
  );
}

/** Nodes that found no place say why. Returns their ids. */
export function refuse(c: Change, refused: Refused[], words: Words): string[] {
  for (const { vcluster, nodes, policy, why } of refused) {
    const changed = c.tx.run(
      "UPDATE nodes SET waits = $waits WHERE waits IS NOT $waits AND id IN (SELECT value FROM json_each($ids))",
      { waits: `${words(policy)} ${why}`, ids: JSON.stringify(nodes) },
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
