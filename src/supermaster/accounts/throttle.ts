import { DockletError } from "../../lib/errors.ts";
import type { Clock } from "../../os/clock.ts";

interface Entry {
  failures: number;
  blockedUntil: number;
  last: number;
}

interface Limit {
  /** Failures that cost nothing. */
  free: number;
  maxDelayMs: number;
}

const PER_ACCOUNT: Limit = { free: 5, maxDelayMs: 15 * 60_000 };
/** Many people may sit behind one address, so it has more patience. */
const PER_ADDRESS: Limit = { free: 30, maxDelayMs: 5 * 60_000 };
const FORGET_MS = 30 * 60_000;
const MAX_ENTRIES = 20_000;

/**
 * Slows guessing down: after a few failures each further one doubles the wait, per (account, address) and per
 * address. Never per account alone: then anybody who knows alice's name could lock alice out.
 */
export class Throttle {
  readonly #entries = new Map<string, Entry>();

  constructor(readonly clock: Clock) {}

  /**
   * Counts an attempt as failed before it is made, so that a hundred at once are a hundred. Throws `throttled`
   * when it came too early. Returns what to call when the attempt was right.
   */
  attempt(account: string, address: string): () => void {
    const where = network(address);
    const pair = `a ${account.slice(0, 64).toLowerCase()} ${where}`;
    const alone = `n ${where}`;
    const now = this.clock.now();
    const wait = Math.max(this.#waitMs(pair, now), this.#waitMs(alone, now));
    if (wait > 0) {
      const seconds = Math.ceil(wait / 1000);
      throw new DockletError("throttled", "Too many failed attempts.", `Wait ${seconds} s and try again.`, {
        retryAfterSeconds: seconds,
      });
    }
    this.#count(pair, PER_ACCOUNT, now);
    this.#count(alone, PER_ADDRESS, now);
    return () => {
      this.#entries.delete(pair);
      const e = this.#entries.get(alone);
      if (e) this.#entries.set(alone, { ...e, failures: e.failures - 1, blockedUntil: 0 });
    };
  }

  #waitMs(key: string, now: number): number {
    const e = this.#entries.get(key);
    return e ? e.blockedUntil - now : 0;
  }

  #count(key: string, limit: Limit, now: number): void {
    const old = this.#entries.get(key);
    const failures = (old && now - old.last < FORGET_MS ? old.failures : 0) + 1;
    const over = failures - limit.free;
    const delay = over <= 0 ? 0 : Math.min(limit.maxDelayMs, 1000 * 2 ** Math.min(over - 1, 20));
    // Deleting first keeps the map in the order of last use: the oldest entry is the first to go.
    this.#entries.delete(key);
    this.#entries.set(key, { failures, blockedUntil: now + delay, last: now });
    if (this.#entries.size > MAX_ENTRIES) this.#entries.delete(this.#entries.keys().next().value!);
  }
}

/** One customer's whole IPv6 network counts as one address. */
export function network(address: string): string {
  if (!address.includes(":") || address.startsWith("::ffff:")) return address.replace(/^::ffff:/, "");
  const [head = ""] = address.split("::");
  return `${head.split(":").slice(0, 4).join(":")}::/64`;
}
