import type { Event } from "../contracts/public/index.ts";
import type { Reader, Tx } from "./store.ts";

/**
 * History, written in the same transaction as what it tells. Every wing's database has this table:
 * CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, at, actor, action, object, owner, result, message, request_id)
 */
export type NewEvent = Omit<Event, "id">;

interface EventRow {
  seq: number;
  at: number;
  actor: string;
  action: string;
  object: string;
  owner: string | null;
  result: Event["result"];
  message: string;
  request_id: string | null;
}

const toEvent = (wing: string, r: EventRow): Event => ({
  id: `${wing}${r.seq}`,
  at: r.at,
  actor: r.actor,
  action: r.action,
  object: r.object,
  owner: r.owner,
  result: r.result,
  message: r.message,
  requestId: r.request_id,
});

/** Appends; `wing` is one letter that keeps ids of several databases apart. */
export function appendEvent(tx: Tx, wing: string, e: NewEvent): Event {
  const row = tx.get<EventRow>(
    "INSERT INTO events (at, actor, action, object, owner, result, message, request_id) VALUES ($at, $actor, $action, $object, $owner, $result, $message, $requestId) RETURNING *",
    { ...e, message: e.message.slice(0, 2000) },
  );
  return toEvent(wing, row!);
}

/** Newest first. `before` is the id at which the last page ended. */
export function listEvents(
  db: Reader,
  wing: string,
  filter: { owner: string | null; object?: string | undefined; cursor?: string | undefined; limit: number },
): { items: Event[]; next: string | null } {
  const before = filter.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(filter.cursor.replace(/^\D*/, "")) || 0;
  const rows = db.all<EventRow>(
    // Only what is asked for is compared: `$owner IS NULL OR` would look at everybody's.
    `SELECT * FROM events WHERE seq < $before${filter.owner === null ? "" : " AND owner = $owner"}${filter.object === undefined ? "" : " AND object = $object"} ORDER BY seq DESC LIMIT $limit`,
    {
      before,
      ...(filter.owner === null ? {} : { owner: filter.owner }),
      ...(filter.object === undefined ? {} : { object: filter.object }),
      limit: filter.limit + 1,
    },
  );
  const items = rows.slice(0, filter.limit).map((r) => toEvent(wing, r));
  return { items, next: rows.length > filter.limit ? items.at(-1)!.id : null };
}
