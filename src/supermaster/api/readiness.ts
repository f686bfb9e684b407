import { messageOf } from "../../lib/errors.ts";
import type { Base } from "../base.ts";

/** Asked more often than this, the last answer is given again: the checks cost a commit. */
const KEEP_MS = 2_000;
/** Who waits for a start shall not wait longer than the start takes. */
const KEEP_BAD_MS = 50;

export interface Readiness {
  /** Can people work? A part that fails makes it `degraded`; it is not ready when nothing goes without that part. */
  ready: boolean;
  degraded: boolean;
  /** Named checks: null = well, otherwise what is wrong. */
  checks: Record<string, string | null>;
}

/** What /readyz answers. */
export class ReadinessChecks {
  #last: { at: number; keepMs: number; answer: Promise<Readiness> } | null = null;

  constructor(readonly base: Base) {}

  ask(): Promise<Readiness> {
    const at = this.base.clock.monotonic();
    if (this.#last && at - this.#last.at <= this.#last.keepMs) return this.#last.answer;
    const mine = { at, keepMs: KEEP_MS, answer: this.#check() };
    this.#last = mine;
    return mine.answer.then((answer) => {
      if (!answer.ready) mine.keepMs = KEEP_BAD_MS;
      return answer;
    });
  }

  async #check(): Promise<Readiness> {
    const checks: Record<string, string | null> = { store: this.#store() };
    let ready = checks.store === null;
    try {
      const master = await this.base.master.health();
      Object.assign(checks, { master: null }, master.checks);
      ready &&= master.ready;
    } catch (e) {
      checks.master = messageOf(e);
      ready = false;
    }
    return { ready, degraded: Object.values(checks).some((c) => c !== null), checks };
  }

  #store(): string | null {
    try {
      const now = String(this.base.clock.now());
      this.base.store.write((tx) =>
        tx.run("INSERT INTO settings VALUES ('last_write_check', $now) ON CONFLICT (key) DO UPDATE SET value = $now", {
          now,
        }),
      );
      return null;
    } catch (e) {
      return `nothing can be written: ${messageOf(e)}`;
    }
  }
}
