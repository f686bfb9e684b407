import type { VclusterOrder, WorkerApi } from "../../contracts/worker.ts";
import { isDocklet, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { KeyedMutex, Semaphore } from "../../lib/mutex.ts";
import type { Reader } from "../../store/store.ts";
import { atRest, markOf } from "./marks.ts";
import { hostsOf, orderFor } from "./orders.ts";
import type { Deliveries } from "./settle.ts";

/** Orders under way to one host at the same time: enough to fill it, few enough that a click is not behind a resync. */
const ABREAST = 32;

/** Orders that are compared by one message. */
const COMPARED = 250;

export interface DeliveryPace {
  /** First pause before an order is sent again; doubles up to `retryMaxMs`. */
  retryMs: number;
  retryMaxMs: number;
  /** An order that is not acknowledged by then counts as lost. */
  answerMs: number;
}
export const PACE: DeliveryPace = { retryMs: 250, retryMaxMs: 30_000, answerMs: 15_000 };

interface Line {
  acked: number;
  attempts: number;
  problem: string | null;
  retry: ReturnType<typeof setTimeout> | null;
}

/** The time between a host's coming and its next coming. */
interface Session {
  slots: Semaphore;
  over: AbortController;
}

/**
 * Brings orders to workers, one at a time for each vcluster and host, always the newest. What was acknowledged is
 * only remembered in memory: after a restart, and when a host comes back, orders of what is at rest are compared, and
 * all that differ or are under way are sent again, which changes nothing where nothing changed.
 */
export class Delivery implements Deliveries {
  readonly #lines = new Map<string, Map<string, Line>>();
  readonly #mutex = new KeyedMutex<string>();
  readonly #sessions = new Map<string, Session>();
  #stopped = false;

  constructor(
    readonly deps: {
      db: Reader;
      term: () => number;
      /** The host that has a part in every vcluster, if there is one. */
      gateway: string | null;
      worker: (host: string) => WorkerApi | null;
      /** Something about this vcluster is different now: an order arrived, or can't. */
      changed: (vcluster: string) => void;
      /** A host has written this order down. */
      taken: (host: string, order: VclusterOrder) => void;
      log: Logger;
      pace: DeliveryPace;
    },
  ) {}

  delivered(vcluster: string, generation: number, hosts: Iterable<string>): boolean {
    const lines = this.#lines.get(vcluster);
    const { gateway } = this.deps;
    for (const host of gateway === null ? hosts : [...hosts, gateway])
      if ((lines?.get(host)?.acked ?? 0) < generation) return false;
    return true;
  }

  problem(vcluster: string): string | null {
    for (const line of this.#lines.get(vcluster)?.values() ?? []) if (line.problem !== null) return line.problem;
    return null;
  }

  /** Sends the newest order to every host of this vcluster that doesn't have it. */
  send(vcluster: string, urgent = true): void {
    for (const host of hostsOf(this.deps.db, vcluster, this.deps.gateway)) void this.#pump(vcluster, host, urgent);
  }

  /** A host is there (again): it is told again what it should make, as far as it does not know it well enough. */
  resync(host: string): void {
    // Whoever still waits for an answer of before will never get one.
    this.#sessions.get(host)?.over.abort();
    this.#sessions.delete(host);
    const rows = this.deps.db.all<{ vcluster: string }>(
      host === this.deps.gateway
        ? "SELECT id AS vcluster FROM vclusters ORDER BY id"
        : `SELECT vcluster FROM nodes WHERE host = $host
           UNION SELECT n.vcluster FROM copies c JOIN nodes n ON n.id = c.node WHERE c.host = $host ORDER BY vcluster`,
      { host },
    );
    const still = atRest(this.deps.db, host);
    for (const { vcluster } of rows) {
      if (still.has(vcluster)) this.#line(vcluster, host).acked = 0;
      else this.again(vcluster, host);
    }
    if (still.size > 0) void this.#compare(host, [...still]);
  }

  /** What is the same on both sides is not sent. Whatever goes wrong with that: it is sent. */
  async #compare(host: string, vclusters: string[]): Promise<void> {
    const { db, term, gateway, worker: find, changed, taken, log, pace } = this.deps;
    const { over } = this.#session(host);
    for (let from = 0; from < vclusters.length; from += COMPARED) {
      const batch = vclusters.slice(from, from + COMPARED);
      const orders = batch.flatMap((id) => orderFor(db, term(), id, host, gateway) ?? []);
      let other = new Set(batch);
      try {
        const asked = find(host)?.compare({ term: term(), orders: orders.map(markOf) });
        if (asked) other = new Set(await inTime(asked, pace.answerMs, over.signal));
      } catch (e) {
        log.debug({ err: e, host }, "a host did not compare its orders");
      }
      if (this.#stopped || over.signal.aborted) return;
      for (const order of orders) {
        const { id, generation } = order;
        if (other.has(id)) {
          this.again(id, host);
          continue;
        }
        taken(host, order);
        const line = this.#line(id, host);
        line.acked = Math.max(line.acked, generation);
        line.attempts = 0;
        if (line.problem === null) continue;
        line.problem = null;
        changed(id);
      }
    }
  }

  again(vcluster: string, host: string): void {
    const line = this.#line(vcluster, host);
    line.acked = 0;
    line.attempts = 0;
    void this.#pump(vcluster, host, false);
  }

  /** The host has the order but could not do it: the same order once more, after a while. */
  later(vcluster: string, host: string): void {
    const line = this.#line(vcluster, host);
    line.acked = 0;
    this.#retry(vcluster, host, line);
  }

  forget(vcluster: string): void {
    for (const line of this.#lines.get(vcluster)?.values() ?? []) if (line.retry) clearTimeout(line.retry);
    this.#lines.delete(vcluster);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const id of [...this.#lines.keys()]) this.forget(id);
  }

  #pump(vcluster: string, host: string, urgent: boolean): Promise<void> {
    return this.#mutex.run(`${vcluster}/${host}`, async () => {
      if (this.#stopped) return;
      const { db, term, gateway, worker: find, changed, taken, log, pace } = this.deps;
      const order = orderFor(db, term(), vcluster, host, gateway);
      if (!order) {
        this.#lines.get(vcluster)?.delete(host);
        return;
      }
      const line = this.#line(vcluster, host);
      if (line.acked >= order.generation) return;
      const worker = find(host);
      if (!worker) {
        // What is left behind there keeps nobody from going on.
        const needed = host === gateway || onHost(db, vcluster, host);
        return this.#say(vcluster, line, needed ? `host ${host} is not connected` : null);
      }
      const { slots, over } = this.#session(host);
      try {
        await slots.run(() => inTime(worker.apply(order), pace.answerMs, over.signal), urgent ? 0 : 1);
        if (this.#stopped) return;
        line.acked = Math.max(line.acked, order.generation);
        line.attempts = 0;
        line.problem = null;
        taken(host, order);
        changed(vcluster);
      } catch (e) {
        if (this.#stopped || over.signal.aborted) return;
        log.warn({ err: e, vcluster, host, generation: order.generation }, "an order was not taken; it is sent again");
        this.#say(vcluster, line, explain(host, e));
        this.#retry(vcluster, host, line);
      }
    });
  }

  #retry(vcluster: string, host: string, line: Line): void {
    if (line.retry || this.#stopped) return;
    const { retryMs, retryMaxMs } = this.deps.pace;
    const pause = Math.min(retryMaxMs, retryMs * 2 ** Math.min(line.attempts++, 20));
    line.retry = setTimeout(() => {
      line.retry = null;
      void this.#pump(vcluster, host, false);
    }, pause);
    line.retry.unref();
  }

  #say(vcluster: string, line: Line, problem: string | null): void {
    if (line.problem === problem) return;
    line.problem = problem;
    this.deps.changed(vcluster);
  }

  #line(vcluster: string, host: string): Line {
    let lines = this.#lines.get(vcluster);
    if (!lines) {
      lines = new Map();
      this.#lines.set(vcluster, lines);
    }
    let line = lines.get(host);
    if (!line) {
      line = { acked: 0, attempts: 0, problem: null, retry: null };
      lines.set(host, line);
    }
    return line;
  }

  #session(host: string): Session {
    let session = this.#sessions.get(host);
    if (!session) {
      session = { slots: new Semaphore(ABREAST), over: new AbortController() };
      this.#sessions.set(host, session);
    }
    return session;
  }
}

const onHost = (db: Reader, vcluster: string, host: string): boolean =>
  db.get("SELECT 1 FROM nodes WHERE vcluster = $vcluster AND host = $host", { vcluster, host }) !== null;

function explain(host: string, e: unknown): string {
  if (isDocklet(e, "stale_order")) {
    return `host ${host} has newer orders than this master: was an old database restored?`;
  }
  return isDocklet(e) ? `host ${host}: ${e.message}` : `host ${host} did not take the order: ${messageOf(e)}`;
}

function inTime<T>(work: Promise<T>, ms: number, over: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
    const leave = () => reject(new Error("the host was connected anew"));
    if (over.aborted) leave();
    over.addEventListener("abort", leave);
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      over.removeEventListener("abort", leave);
    });
  });
}
