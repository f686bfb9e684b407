import type { Event } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { listEvents } from "../../store/events.ts";
import type { Base } from "../base.ts";
import { WING } from "./audit.ts";

export interface EventFilter {
  owner: string | null;
  object?: string | undefined;
  cursor?: string | undefined;
  limit: number;
  /** Nothing older: what a namesake did is not theirs. */
  since?: number;
}

/** `s12.m45`: this wing's list ended at 12, the master's at 45. A missing number: not begun. */
const CURSOR = /^s(\d{0,15})\.m([A-Za-z0-9_-]{0,40})$/;

/** The history of all wings as one list, newest first. */
export async function timeline(base: Base, filter: EventFilter): Promise<{ items: Event[]; next: string | null }> {
  const m = filter.cursor === undefined ? null : CURSOR.exec(filter.cursor);
  if (filter.cursor !== undefined && !m) {
    throw new DockletError("invalid", "This cursor is not one that docklet gave.", "Start from the first page.");
  }
  const [ownAt = "", masterAt = ""] = m ? m.slice(1) : [];
  const { owner, object, limit } = filter;
  const own = listEvents(base.store, WING, { owner, object, limit, cursor: ownAt === "" ? undefined : ownAt });
  const theirs = await base.master.events({ owner, object, limit, cursor: masterAt === "" ? undefined : masterAt });
  const items: Event[] = [];
  let a = 0;
  let b = 0;
  while (items.length < limit && (a < own.items.length || b < theirs.items.length)) {
    const x = own.items[a];
    const y = theirs.items[b];
    if (x && (!y || x.at >= y.at)) a++;
    else b++;
    const next = x && (!y || x.at >= y.at) ? x : y!;
    if (next.at < (filter.since ?? 0)) return { items, next: null };
    items.push(next);
  }
  const more = a < own.items.length || b < theirs.items.length || own.next !== null || theirs.next !== null;
  const endOf = (list: Event[], taken: number, before: string) =>
    taken === 0 ? before : list[taken - 1]!.id.replace(/^\D*/, "");
  return { items, next: more ? `s${endOf(own.items, a, ownAt)}.m${endOf(theirs.items, b, masterAt)}` : null };
}
