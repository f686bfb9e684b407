import { appendEvent, type NewEvent } from "../../store/events.ts";
import type { Tx } from "../../store/store.ts";
import type { Base } from "../base.ts";

/** The letter of this wing's events. */
export const WING = "s";

/** Something that a person did or was refused, before it has a time. */
export type Deed = Omit<NewEvent, "at"> & { ownerId: string | null };

/** Appends to the history in the transaction of the change itself, and tells the live streams once it is durable. */
export function record(base: Base, tx: Tx, at: number, deed: Deed): void {
  const { ownerId, ...event } = deed;
  const written = appendEvent(tx, WING, { at, ...event });
  tx.afterCommit(() => base.hub.publish({ type: "event", data: written }, { owner: ownerId }));
}

const PER_KEY_MS = 60_000;
const PER_MINUTE = 60;
const MAX_KEYS = 5_000;

/**
 * Refused attempts are history too, but whoever makes a thousand a second must not fill the disk with them:
 * one line a minute for the same who and what, and sixty a minute over all.
 */
export class Denials {
  readonly #last = new Map<string, number>();
  #windowStart = 0;
  #inWindow = 0;

  constructor(readonly base: Base) {}

  record(deed: Omit<Deed, "result">): void {
    const at = this.base.clock.now();
    const key = `${deed.actor} ${deed.action} ${deed.object}`;
    const before = this.#last.get(key);
    if (before !== undefined && at - before < PER_KEY_MS) return;
    if (at - this.#windowStart >= 60_000) {
      this.#windowStart = at;
      this.#inWindow = 0;
    }
    if (++this.#inWindow > PER_MINUTE) return;
    if (this.#last.size >= MAX_KEYS) this.#last.clear();
    this.#last.set(key, at);
    try {
      this.base.store.write((tx) => record(this.base, tx, at, { ...deed, result: "denied" }));
    } catch (e) {
      // The attempt stays refused; only its line in the history is missing, for example on a full disk.
      this.base.log.warn({ err: e }, "a denied attempt could not be written to the history");
    }
  }
}
