import type { Cause } from "../../contracts/master.ts";
import type { Step } from "../../contracts/public/index.ts";
import type { ImageReport } from "../../contracts/worker.ts";
import { asDocklet, DockletError, isDocklet } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { sleep } from "../../lib/retry.ts";
import type { Reader } from "../../store/store.ts";
import type { Change, Commit } from "../change.ts";
import { begin, end, type OperationRow, operationRow, setSteps, turn } from "../operations/operations.ts";
import type { Images } from "./images.ts";
import type { Supply } from "./supply.ts";

/** Steps are written down so often at most. ms */
const TELL_MS = 500;
const LOOK_MS = 1_000;
/** Sources that turned out not to have it. */
const TRIES = 3;

/** Looks at which the source may be away before another one is tried. */
const PATIENCE = 5;

/** A host that has an image, and what it is made of there, topmost first. */
export interface Source {
  from: string;
  layers: string[];
}

interface Running {
  abort: AbortController;
  over: Promise<void>;
  from: string | null;
  name: string;
  host: string;
}

/** Images that one host gets from another: an operation each, which outlives the master's process. */
export class Fetches {
  readonly #running = new Map<string, Running>();

  constructor(
    private readonly parts: {
      db: Reader;
      commit: Commit;
      images: Images;
      supply: Supply;
      /** Names of the hosts that are connected. */
      hosts: () => string[];
      /** Is it a host of ours, connected or not? */
      known: (host: string) => boolean;
      log: Logger;
    },
  ) {}

  isFetching(host: string, name: string): boolean {
    return [...this.#running.values()].some((r) => r.host === host && r.name === name);
  }

  /** Where a newer build than the host's own can be had now; null: nowhere. */
  source(name: string, host: string): Source | null {
    const { images, hosts } = this.parts;
    const here = images.on(host, name);
    const own = here?.state === "ready" ? (here.builtAt ?? 0) : -1;
    const connected = new Set(hosts());
    const others = images.hosts(name).filter(([h, r]) => h !== host && connected.has(h) && isWhole(r));
    const newest = others.reduce((at, [, r]) => Math.max(at, r.builtAt ?? 0), own);
    const holders = others.filter(([, r]) => (r.builtAt ?? 0) === newest && newest > own);
    const busy = (h: string) => [...this.#running.values()].filter((r) => r.from === h).length;
    const [best] = holders.sort(([a], [b]) => busy(a) - busy(b));
    return best ? { from: best[0], layers: best[1].layers } : null;
  }

  begin(a: Cause & { name: string; host: string; operation: string }, source: Source): void {
    const steps = stepsOf(source.layers, source.from);
    this.parts.commit((c) =>
      begin(
        c,
        {
          id: a.operation,
          kind: "image.build",
          owner: a.actor,
          object: a.name,
          host: a.host,
          plan: "build",
          total: steps.length,
          cancellable: true,
          steps,
          actor: a.actor,
          requestId: a.requestId,
        },
        `brought to ${a.host}`,
      ),
    );
    this.#start(a.operation, a.name, a.host);
  }

  /** Those that were under way when the master ended. */
  resume(): void {
    const rows = this.parts.db.all<OperationRow>(
      "SELECT * FROM operations WHERE ended_at IS NULL AND plan = 'build' AND image IS NULL",
    );
    for (const row of rows) {
      if (row.outcome === null && row.host !== null) this.#start(row.id, row.object, row.host);
      else this.#end(row.id, new DockletError("cancelled", "It was cancelled."));
    }
  }

  cancel(c: Change, op: OperationRow, cause: Cause): void {
    if (op.ended_at !== null || op.outcome !== null) return;
    const why = { code: "cancelled", message: `cancelled by ${cause.actor}`, hint: "" };
    turn(c, op, "cancelled", why, JSON.parse(op.steps) as Step[]);
    c.tx.afterCommit(() => this.#running.get(op.id)?.abort.abort(new DockletError("cancelled", why.message)));
  }

  /** The image is being deleted everywhere. */
  async cancelAll(name: string): Promise<void> {
    const mine = [...this.#running.values()].filter((r) => r.name === name);
    for (const r of mine) r.abort.abort(new DockletError("cancelled", `The image ${name} is being deleted.`));
    await Promise.all(mine.map((r) => r.over));
  }

  /** They go on when the master is back. */
  async stop(): Promise<void> {
    const all = [...this.#running.values()];
    for (const r of all) r.abort.abort(new DockletError("unavailable", "docklet is stopping."));
    await Promise.all(all.map((r) => r.over));
  }

  #start(id: string, name: string, host: string): void {
    if (this.#running.has(id)) return;
    const running: Running = { abort: new AbortController(), over: Promise.resolve(), from: null, name, host };
    this.#running.set(id, running);
    running.over = this.#run(id, running)
      .then(
        (how) => this.#end(id, null, how),
        (e: unknown) => {
          if (!isDocklet(running.abort.signal.reason, "unavailable")) this.#end(id, e);
        },
      )
      .catch((err: unknown) => this.parts.log.error({ err, operation: id }, "the end of an operation was not written"))
      .finally(() => this.#running.delete(id));
  }

  async #run(id: string, running: Running): Promise<string> {
    const { signal } = running.abort;
    for (let tries = 1; ; ) {
      const source = this.source(running.name, running.host);
      running.from = source?.from ?? null;
      if (!source) {
        const over = this.#pointless(running);
        if (over instanceof DockletError) throw over;
        if (over !== null) return over;
        // Whoever has it is away.
        await sleep(LOOK_MS, signal);
        continue;
      }
      const steps = stepsOf(source.layers, source.from);
      const tell = this.#teller(id, steps);
      const another = this.#anotherSource(running, source.from);
      const either = AbortSignal.any([signal, another.signal]);
      try {
        await this.parts.supply.ensureLayers(running.host, source.layers, source.from, either, tell);
        return `brought from ${source.from}`;
      } catch (e) {
        if (signal.aborted) throw e;
        if (another.signal.aborted) continue;
        // It was built anew there meanwhile, or the host was removed: another one may have it.
        if (++tries > TRIES || !(isDocklet(e, "not_found") || isDocklet(e, "gone"))) throw e;
        await sleep(LOOK_MS, signal);
      } finally {
        another.stop();
      }
    }
  }

  /** Nothing is to be brought: why, as an error or as a good end. null: whoever has it may come back. */
  #pointless({ name, host }: Running): DockletError | string | null {
    const { images, known } = this.parts;
    if (!known(host)) return new DockletError("gone", `The host ${host} is not here any more.`, "");
    const newest = images.newest(name);
    if (!newest) return new DockletError("not_found", `No host has the image ${name} any more.`, "Build it anew.");
    const here = images.on(host, name);
    return here?.state === "ready" && here.builtAt === newest.builtAt ? "it is there" : null;
  }

  /** Aborts when the source has been away for a while and another host has the image, too. */
  #anotherSource({ name, host }: Running, from: string): { signal: AbortSignal; stop: () => void } {
    const abort = new AbortController();
    let away = 0;
    const timer = setInterval(() => {
      away = this.parts.hosts().includes(from) ? 0 : away + 1;
      if (away > PATIENCE && this.source(name, host))
        abort.abort(new DockletError("cancelled", `${from} is away, another host has it.`));
    }, LOOK_MS);
    timer.unref();
    return { signal: abort.signal, stop: () => clearInterval(timer) };
  }

  #teller(id: string, steps: Step[]): (index: number, sent: number, total: number) => void {
    let told = 0;
    const mib = (bytes: number) => Math.ceil(bytes / 1_048_576);
    return (index, sent, total) => {
      const from = steps[index]!.message?.split(" from ")[1] ?? "";
      for (const before of steps.slice(0, index)) Object.assign(before, { state: "done", progress: 1 });
      Object.assign(steps[index]!, {
        state: sent < total ? "running" : "done",
        progress: total === 0 ? 1 : sent / total,
        message: `${mib(sent)}/${mib(total)} MiB from ${from}`,
      });
      const now = performance.now();
      if (sent < total && now - told < TELL_MS) return;
      told = now;
      this.parts.commit((c) => {
        const op = operationRow(c.tx, id);
        if (op && op.ended_at === null) setSteps(c, op, steps);
      });
    };
  }

  #end(id: string, e: unknown, done = ""): void {
    const error = e === null ? null : asDocklet(e);
    if (error && error.code !== "cancelled") this.parts.log.warn({ err: e, operation: id }, "an image was not brought");
    this.parts.commit((c) => {
      const op = operationRow(c.tx, id);
      if (!op || op.ended_at !== null) return;
      const how = error === null ? "done" : error.code === "cancelled" ? "cancelled" : "failed";
      const why = error && { code: error.code, message: error.message, hint: error.hint };
      end(c, op, how, why, error?.message ?? done);
      c.images.add(op.object);
    });
  }
}

const isWhole = (r: ImageReport) => r.state === "ready" && r.layers.length > 0;

/** One for each layer, lowest first. */
function stepsOf(layers: string[], from: string): Step[] {
  const step = (id: string): Step => ({
    name: id.split("@")[0]!,
    state: "waiting",
    progress: 0,
    message: `0 MiB from ${from}`,
  });
  return layers.toReversed().map(step);
}
