import type { Idempotency } from "../api/idempotency.ts";
import type { Wing } from "../wing.ts";
import { endSession } from "../workspaces/grants.ts";

const EVERY_MS = 60_000;
const EVENTS_KEPT_MS = 180 * 86_400_000;
/** Old history goes in small bites, so that nobody waits behind one large delete. */
const EVENTS_PER_SWEEP = 2_000;
/** An expired API token is still known for a while, so that its user is told why it fails. */
const TOKEN_TOLD_MS = 30 * 86_400_000;

/** Once at start and every minute: settles what a crash left, and forgets what is over. */
export class Sweep {
  #timer: Timer | null = null;
  #running: Promise<void> | null = null;

  constructor(
    readonly wing: Wing,
    readonly idempotency: Idempotency,
  ) {}

  start(): void {
    this.#timer = setInterval(() => void this.run(), EVERY_MS);
    this.#timer.unref();
    void this.run();
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#running;
  }

  /** Two at once would only do the same twice. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { base, vclusters, owners } = this.wing;
    try {
      this.#forget();
      this.idempotency.sweep();
      await vclusters.settlement.sweep();
      await owners.pushAll();
    } catch (e) {
      base.log.warn({ err: e }, "the sweep could not finish; the next one goes on");
    }
  }

  #forget(): void {
    const { base, ends } = this.wing;
    const { store, hub } = base;
    const now = base.clock.now();
    const expired = store.all<{ id: string }>("SELECT id FROM sessions WHERE expires_at <= ?", [now]);
    const grants = store.all<{ id: string }>("SELECT id FROM grants WHERE expires_at <= ?", [now]);
    const tokens = store.all<{ id: string }>("SELECT id FROM tokens WHERE expires_at <= ?", [now]);
    const oldest = now - EVENTS_KEPT_MS;
    const history = store.get("SELECT 1 FROM events WHERE seq = (SELECT min(seq) FROM events) AND at < ?", [oldest]);
    if (expired.length + grants.length + tokens.length === 0 && !history) return;
    store.write((tx) => {
      for (const { id } of expired) endSession(tx, ends, hub, id);
      for (const { id } of tokens) ends.revoke(tx, "token_id", id);
      tx.run("DELETE FROM tokens WHERE expires_at <= ?", [now - TOKEN_TOLD_MS]);
      for (const { id } of grants) {
        tx.run("DELETE FROM grants WHERE id = ?", [id]);
        tx.afterCommit(() => ends.tell({ grant: id }));
      }
      if (history) {
        tx.run("DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE at < ? ORDER BY seq LIMIT ?)", [
          oldest,
          EVENTS_PER_SWEEP,
        ]);
      }
    });
  }
}
