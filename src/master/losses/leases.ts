import type { Reader } from "../../store/store.ts";
import type { Commit } from "../change.ts";

/** What a lease is worth when clocks may run differently fast, by 2 % each, and a host takes its time to end nodes. */
const RATES = 1.05;
export const MARGIN_MS = 15_000;
/** A process that stood still for longer than this can't say who was silent meanwhile. */
const GAP_MS = 5_000;

/**
 * The leases of the hosts, as the master that gives them knows them. A host counts from its question, the master from
 * its answer, which is later; so a lease that is over here is over there. Times are ms of a clock that also counts
 * while the machine sleeps. What was answered by an earlier process was answered before this one began.
 */
export class Leases {
  readonly #answered = new Map<string, number>();
  #floor = 0;
  #looked = 0;

  constructor(
    private readonly deps: {
      db: Reader;
      commit: Commit;
      /** ms, given from now on. */
      length: number;
      margin: number;
      boot: () => number;
    },
  ) {}

  start(): void {
    this.#floor = this.#looked = this.deps.boot();
  }

  get length(): number {
    return this.deps.length;
  }

  /** Called often: after a pause everything is counted from its end. */
  look(): void {
    const now = this.deps.boot();
    if (now - this.#looked > GAP_MS) this.#floor = now;
    this.#looked = now;
  }

  /** A host is let in, and will have a lease from that: one that knows of leases may hold this one until it says otherwise. */
  greeted(host: string): number {
    const { length } = this.deps;
    const known = this.held(host);
    if (known > 0 && known < length) this.#write(host, length);
    this.#answered.set(host, this.deps.boot());
    return length;
  }

  /** A sign of life. `held`: what the host was given last. */
  beat(host: string, held: number): number {
    const { length } = this.deps;
    const longest = Math.max(held, length);
    if (this.held(host) !== longest) this.#write(host, longest);
    this.#answered.set(host, this.deps.boot());
    return length;
  }

  /** ms; 0: this host has never held one, so none of its can end. */
  held(host: string): number {
    const sql = "SELECT lease_ms FROM members WHERE name = $host AND removed_at IS NULL";
    return this.deps.db.get<{ lease_ms: number }>(sql, { host })?.lease_ms ?? 0;
  }

  /** ms until it is certain that the lease of a host is over, and its nodes ended; 0: it is. null: it has none. */
  remaining(host: string): number | null {
    const held = this.held(host);
    if (held === 0) return null;
    const since = Math.max(this.#answered.get(host) ?? 0, this.#floor);
    return Math.max(0, since + held * RATES + this.deps.margin - this.deps.boot());
  }

  #write(host: string, ms: number): void {
    // Before it is answered: what is not on disk was not given.
    this.deps.commit((c) =>
      c.tx.run("UPDATE members SET lease_ms = $ms WHERE name = $host AND removed_at IS NULL", { ms, host }),
    );
  }
}
