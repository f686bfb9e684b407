import type { Event } from "../contracts/public/index.ts";
import { appendEvent, type NewEvent } from "../store/events.ts";
import type { Tx } from "../store/store.ts";

/** The letter before the numbers of this wing's events. */
export const WING = "m";

/**
 * One write, and what it means for those who watch: which vclusters it touched (they are settled before the commit
 * and shown after it), which need new orders, which operations and events are news.
 */
export class Change {
  readonly touched = new Set<string>();
  /** Only to be settled: they are shown when that changed something. */
  readonly looked = new Set<string>();
  readonly orders = new Set<string>();
  readonly operations = new Set<string>();
  /** Operations of nodes that move: concluded at the end of the write. */
  readonly moving = new Set<string>();
  readonly images = new Set<string>();
  readonly events: Event[] = [];
  readonly deleted: { id: string; name: string; owner: string }[] = [];

  readonly tx: Tx;
  #writes = 0;

  constructor(
    tx: Tx,
    readonly now: number,
  ) {
    this.tx = {
      ...tx,
      run: (sql, params) => {
        this.#writes++;
        return tx.run(sql, params);
      },
    };
  }

  /** Statements so far. */
  get writes(): number {
    return this.#writes;
  }

  event(e: Omit<NewEvent, "at">): void {
    this.events.push(appendEvent(this.tx, WING, { ...e, at: this.now }));
  }
}

/** Runs a body as one write and publishes what it changed. */
export type Commit = <T>(body: (change: Change) => T) => T;
