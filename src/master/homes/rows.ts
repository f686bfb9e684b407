import { type OrderOwner, PERSON_RANGES } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Reader, Tx } from "../../store/store.ts";
import type { Change } from "../change.ts";
import { raise } from "../vclusters/desire.ts";

/** In the place of a host's name: the shared file system. */
export const SHARED = "*";

export interface HomeRow {
  owner: string;
  host: string;
  moving_to: string | null;
  picture: string | null;
  adopting: number;
  leaving: number;
  id_range: number | null;
}

export function homeRow(db: Reader, owner: string): HomeRow | null {
  return db.get<HomeRow>("SELECT * FROM homes WHERE owner = $owner", { owner });
}

/** The host where a person's new nodes are best placed, because their data folder is there; null: it does not matter. */
export function homeHost(db: Reader, owner: string): string | null {
  const home = homeRow(db, owner);
  return home === null || home.host === SHARED ? null : (home.moving_to ?? home.host);
}

/** With a folder in the shared file system, nodes have ids of their person: no warm one does. */
export function startsCold(db: Reader, owner: string): boolean {
  const home = homeRow(db, owner);
  return home === null ? isAdopted(db) : home.host === SHARED;
}

const isAdopted = (db: Reader): boolean => db.get("SELECT 1 FROM shared_files WHERE adopted_at IS NOT NULL") !== null;

/** What a host is told about where the folder lies. `here`: the nodes of the vcluster, by host. */
export function lies(
  db: Reader,
  owner: string,
  host: string,
  nodesOn: (host: string) => string[],
): Pick<OrderOwner, "lies" | "at" | "shared"> {
  const home = homeRow(db, owner);
  if (home?.host === SHARED) {
    const { token } = db.get<{ token: string }>("SELECT token FROM shared_files")!;
    return { lies: "shared", at: null, shared: { range: home.id_range!, token } };
  }
  if (home === null || (home.host === host && home.moving_to === null)) return { lies: "here", at: null, shared: null };
  const at = home.moving_to ?? home.host;
  return { lies: "elsewhere", at: { host: at, nodes: nodesOn(at), moving: home.moving_to !== null }, shared: null };
}

/** Of a person who gets a node on this host, and has no folder yet, it is there from now on. */
export function settleHome(c: Change, owner: string, host: string): void {
  if (homeRow(c.tx, owner)) return;
  const adopted = isAdopted(c.tx);
  c.tx.run("INSERT INTO homes (owner, host, id_range) VALUES ($owner, $host, $range)", {
    owner,
    host: adopted ? SHARED : host,
    range: adopted ? freeRange(c.tx) : null,
  });
}

/** Nodes of this person learn anew where their folder lies. */
export function tellNodes(c: Change, owner: string): void {
  const theirs = c.tx.all<{ id: string }>("SELECT id FROM vclusters WHERE owner_id = $owner AND desired <> 'deleted'", {
    owner,
  });
  for (const { id } of theirs) raise(c, id);
}

/** The lowest that no row holds: a range is used again only when nothing of its last holder is left. */
function freeRange(tx: Tx): number {
  const { r } = tx.get<{ r: number }>(
    `SELECT min(r) AS r FROM (
       SELECT 0 AS r UNION ALL SELECT id_range + 1 FROM homes WHERE id_range IS NOT NULL
     ) WHERE r NOT IN (SELECT id_range FROM homes WHERE id_range IS NOT NULL)`,
  )!;
  if (r < PERSON_RANGES) return r;
  throw new DockletError(
    "no_capacity",
    `${PERSON_RANGES} people have their data folder in the shared file system: there are no ids for more.`,
    "Remove people who are gone: docklet user rm.",
  );
}
