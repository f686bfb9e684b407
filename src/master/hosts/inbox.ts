import { Report } from "../../contracts/worker.ts";
import { isDocklet } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";

/** A report of a host, or just that a vcluster should be looked at again. */
export type News = { host: string; report: Report } | { vcluster: string };

/** Pause after the disk was found full. */
const FULL_PAUSE_MS = 1_000;

/**
 * What came in from workers, checked, and handed on in one batch for each turn of the loop: a hundred nodes that
 * boot together then cost one write to disk, not three hundred.
 */
export class Inbox {
  #waiting: News[] = [];
  #turn: ReturnType<typeof setImmediate> | null = null;
  #pause: ReturnType<typeof setTimeout> | null = null;

  constructor(
    readonly log: Logger,
    /** Takes in all or nothing. */
    readonly take: (batch: News[]) => void,
  ) {}

  hear(host: string, raw: unknown): void {
    const parsed = Report.safeParse(raw);
    if (parsed.success) this.#push({ host, report: parsed.data });
    else {
      const issues = parsed.error.issues.slice(0, 3);
      this.log.warn({ host, issues }, "a report that makes no sense was dropped");
    }
  }

  look(vcluster: string): void {
    this.#push({ vcluster });
  }

  flush(): void {
    this.#turn = null;
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    try {
      this.take(batch);
    } catch (e) {
      if (isDocklet(e, "disk_full")) this.#later(batch);
      // One of them can't be taken in: that one is lost, the others must not be.
      else for (const news of batch) this.#alone(news);
    }
  }

  stop(): void {
    if (this.#turn) clearImmediate(this.#turn);
    if (this.#pause) clearTimeout(this.#pause);
    this.#turn = null;
    this.#pause = null;
    this.#waiting = [];
  }

  #push(news: News): void {
    this.#waiting.push(news);
    if (!this.#pause) this.#turn ??= setImmediate(() => this.flush());
  }

  #alone(news: News): void {
    try {
      this.take([news]);
    } catch (e) {
      this.log.error({ err: e, news: "report" in news ? news.report.type : "look" }, "news could not be taken in");
    }
  }

  /** Nothing can be written down now: what was heard is kept until it can. */
  #later(batch: News[]): void {
    this.log.error("the disk is full: reports of hosts wait in memory");
    this.#waiting = [...batch, ...this.#waiting];
    this.#pause = setTimeout(() => {
      this.#pause = null;
      this.flush();
    }, FULL_PAUSE_MS);
    this.#pause.unref();
  }
}
