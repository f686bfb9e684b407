import type { Logger } from "../../lib/log.ts";
import type { Clock } from "../../os/clock.ts";
import type { Store } from "../../store/store.ts";

const DAY_MS = 86_400_000;
/** History is kept for half a year, ended operations for a month. */
export const KEPT_MS = { events: 180 * DAY_MS, operations: 30 * DAY_MS };
const EVERY_MS = 600_000;
/** Old rows go in small bites, so that nobody waits behind one large delete. */
const BITE = 2_000;

/** Forgets what is long over. */
export class Retention {
  #timer: Timer | null = null;

  constructor(private readonly parts: { store: Store; clock: Clock; log: Logger }) {}

  start(): void {
    this.#timer = setInterval(() => this.run(), EVERY_MS);
    this.#timer.unref();
    this.run();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  /** One bite. */
  run(): void {
    const { store, clock, log } = this.parts;
    const now = clock.now();
    try {
      store.write((tx) => {
        tx.run("DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE at < $at ORDER BY seq LIMIT $bite)", {
          at: now - KEPT_MS.events,
          bite: BITE,
        });
        tx.run(
          "DELETE FROM operations WHERE seq IN (SELECT seq FROM operations WHERE ended_at < $at ORDER BY seq LIMIT $bite)",
          { at: now - KEPT_MS.operations, bite: BITE },
        );
      });
    } catch (err) {
      log.warn({ err }, "old history could not be deleted; the next round tries again");
    }
  }
}
