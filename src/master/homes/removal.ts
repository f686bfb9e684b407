import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import { homeRow, settleHome, tellNodes } from "./rows.ts";

/** A copy of a data folder that is to go from a host ('*': from the shared file system). */
export interface Removal {
  owner: string;
  host: string;
}

export function removalsOn(db: Reader, host: string): Removal[] {
  return db.all<Removal>("SELECT owner, host FROM home_removals WHERE host = $host ORDER BY owner", { host });
}

export function orderRemoval(c: Change, owner: string, host: string): void {
  c.tx.run("INSERT OR IGNORE INTO home_removals (owner, host) VALUES ($owner, $host)", { owner, host });
}

/** A person was removed: their folder goes, wherever it lies, or is going to. */
export function leaveHome(c: Change, owner: string): void {
  const home = homeRow(c.tx, owner);
  if (!home) return;
  if (home.moving_to !== null) orderRemoval(c, owner, home.moving_to);
  orderRemoval(c, owner, home.host);
  c.tx.run("UPDATE homes SET leaving = 1, moving_to = NULL, picture = NULL WHERE owner = $owner", { owner });
}

/** A person who comes back before their old folder was removed keeps it. */
export function keepHome(c: Change, owner: string): void {
  const home = homeRow(c.tx, owner);
  if (!home?.leaving) return;
  c.tx.run("DELETE FROM home_removals WHERE owner = $owner AND host = $host", { owner, host: home.host });
  c.tx.run("UPDATE homes SET leaving = 0 WHERE owner = $owner", { owner });
}

/** It is gone from there. With the folder of a person who was removed goes the last that is known of them. */
export function removed(c: Change, { owner, host }: Removal): void {
  c.tx.run("DELETE FROM home_removals WHERE owner = $owner AND host = $host", { owner, host });
  c.tx.run("DELETE FROM homes WHERE owner = $owner AND host = $host AND leaving = 1", { owner, host });
}

/** A host was taken out of the data centre, with the folders on it. Those that have wholly arrived elsewhere go on there. */
export function loseHost(c: Change, host: string): void {
  const coming = c.tx.all<{ owner: string }>(
    "UPDATE homes SET moving_to = NULL, adopting = 0 WHERE moving_to = $host RETURNING owner",
    { host },
  );
  for (const { owner } of coming) tellNodes(c, owner);
  const lost = c.tx.all<{ owner: string; leaving: number }>(
    "DELETE FROM homes WHERE host = $host AND adopting = 0 RETURNING owner, leaving",
    { host },
  );
  for (const { owner } of lost.filter((l) => !l.leaving)) {
    const next = c.tx.get<{ host: string }>(
      "SELECT n.host FROM vclusters v JOIN nodes n ON n.vcluster = v.id WHERE v.owner_id = $owner AND n.host <> $host AND n.desired <> 'gone' ORDER BY v.seq, n.idx",
      { owner, host },
    );
    if (next) settleHome(c, owner, next.host);
    tellNodes(c, owner);
    const { name } = c.tx.get<{ name: string }>("SELECT name FROM owners WHERE id = $owner", { owner })!;
    const message = `it was on host ${host}, which was removed`;
    c.event({
      actor: "system",
      action: "home.lost",
      object: name,
      owner: name,
      result: "failed",
      message,
      requestId: null,
    });
  }
}
