import type { Reader } from "../../store/store.ts";
import type { HomeRow } from "./rows.ts";

/** Is something of its person left where it lies? Stopped nodes count, and so do copies of nodes that were moved: they may go back. */
export function isNeeded(db: Reader, home: HomeRow): boolean {
  const nodes =
    "SELECT 1 FROM vclusters v JOIN nodes n ON n.vcluster = v.id WHERE v.owner_id = $owner AND n.host = $host";
  const copies =
    "SELECT 1 FROM vclusters v JOIN nodes n ON n.vcluster = v.id JOIN copies c ON c.node = n.id WHERE v.owner_id = $owner AND c.host = $host";
  return db.get(`${nodes} UNION ALL ${copies} LIMIT 1`, { owner: home.owner, host: home.host }) !== null;
}

/** Where it may go, best first; never where an older copy of it is still to be removed. */
export function placesOf(db: Reader, home: HomeRow): string[] {
  const nodes = db.all<{ host: string; desired: string }>(
    "SELECT n.host, n.desired FROM vclusters v JOIN nodes n ON n.vcluster = v.id WHERE v.owner_id = $owner ORDER BY v.seq, n.idx",
    { owner: home.owner },
  );
  const places = nodes.length === 0 ? refuges(db, home.host) : nodes.filter((n) => n.desired !== "gone");
  const old = db.all<{ host: string }>("SELECT host FROM home_removals WHERE owner = $owner", { owner: home.owner });
  return [...new Set(places.map((p) => p.host))].filter((host) => !old.some((o) => o.host === host));
}

/** Where the folder of somebody without nodes goes when its host was emptied, as before it is switched off. */
function refuges(db: Reader, from: string): { host: string }[] {
  return db.all<{ host: string }>(
    `SELECT name AS host FROM hosts WHERE name <> $from
       AND EXISTS (SELECT 1 FROM host_settings WHERE name = $from AND cordoned = 1)
       AND NOT EXISTS (SELECT 1 FROM nodes WHERE host = $from)
       AND name NOT IN (SELECT name FROM host_settings WHERE cordoned = 1) ORDER BY name`,
    { from },
  );
}
