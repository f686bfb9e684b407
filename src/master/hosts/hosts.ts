import type { Host } from "../../contracts/public/index.ts";
import { HostReport, type Report, type WorkerApi } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Cidr } from "../../lib/ipv4.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import type { Candidate } from "../placement/candidate.ts";
import { candidates, type Locality, type Overcommit, type Seeker, type Standing } from "./candidates.ts";
import { clashes } from "./clashes.ts";
import { drains, presentHost } from "./presented.ts";
import { type Promised, promisedByHost, promisedOn } from "./promises.ts";
import { RemovedHost } from "./removed-host.ts";
import { HostSettings } from "./settings.ts";

interface Entry {
  worker: WorkerApi | null;
  leave: (() => void) | null;
  report: HostReport | null;
  /** Has it told its state since it is connected? What is known from before does not count. */
  spoken: boolean;
  /** Counts the hosts that came: of two, the one with the lower number was first. */
  came: number;
  /** Why the connection is not there, when there is something to say. */
  trouble: string | null;
  /** Taken out while nodes were placed on it. */
  removed: boolean;
}

/** The hosts of this data centre: who is connected, what each last said, what is promised on each. */
export class Hosts {
  readonly #entries = new Map<string, Entry>();

  /** Addresses of nodes; null: not known. */
  net: Cidr | null = null;
  /** In the order in which they came. */
  readonly #clashes = clashes(
    () => this.net,
    () =>
      [...this.#entries]
        .flatMap(([name, e]) => (e.worker && e.report && !e.removed ? [[name, e.report, e.came] as const] : []))
        .sort((a, b) => a[2] - b[2])
        .map(([name, report]): [string, HostReport] => [name, report]),
  );
  #arrivals = 0;

  /** What the data centre finds wrong with a host that finds itself fit. */
  fault: (report: HostReport) => string | null = () => null;
  /** Do people's data folders lie in a shared file system? */
  sharing: () => boolean = () => false;

  readonly settings = new HostSettings();

  constructor(
    readonly overcommit: Overcommit,
    /** Names of the images that a host holds, ready for nodes. */
    readonly imagesOn: (host: string) => string[] = () => [],
  ) {}

  load(db: Reader): void {
    this.settings.load(db);
    for (const r of db.all<{ name: string; report: string }>("SELECT name, report FROM hosts")) {
      const report = HostReport.safeParse(JSON.parse(r.report));
      this.#entry(r.name).report = report.success ? report.data : null;
    }
  }

  /** Takes a worker in and listens to it. Its whole state comes before this returns, or soon after. */
  attach(name: string, worker: WorkerApi, listener: (report: Report) => void): void {
    const entry = this.#entry(name);
    entry.leave?.();
    if (!entry.worker) entry.came = ++this.#arrivals;
    entry.worker = worker;
    this.#clashes.changed();
    entry.spoken = false;
    entry.trouble = null;
    // Known before anybody is told of it: the last words about a removed host are that it was removed.
    entry.removed = worker instanceof RemovedHost;
    entry.leave = worker.subscribe((report) => {
      // Words of a connection that was replaced meanwhile are not this host's any more.
      if (entry.worker === worker) listener(report);
    });
  }

  detach(name: string, trouble: string | null): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    entry.worker = null;
    this.#clashes.changed();
    entry.trouble = trouble;
    entry.leave?.();
    entry.leave = null;
  }

  /** It is expected, and this is why it is not here. */
  missing(name: string, trouble: string): void {
    const entry = this.#entry(name);
    if (!entry.worker) entry.trouble = trouble;
  }

  markRemoved(name: string): void {
    this.#entry(name).removed = true;
  }

  isRemoved(name: string): boolean {
    return this.#entries.get(name)?.removed ?? false;
  }

  forget(name: string): void {
    this.detach(name, null);
    this.#entries.delete(name);
  }

  worker(name: string): WorkerApi | null {
    return this.#entries.get(name)?.worker ?? null;
  }

  report(name: string): HostReport | null {
    return this.#entries.get(name)?.report ?? null;
  }

  /** The worker on a host, or the reason why nothing can be asked of it now. */
  needed(name: string): WorkerApi {
    const worker = this.worker(name);
    if (worker) return worker;
    throw new DockletError("unavailable", `Host ${name} is not connected.`, "Try again when it is back.");
  }

  get names(): string[] {
    return [...this.#entries.keys()].sort();
  }

  connected(): [string, WorkerApi][] {
    return this.names.flatMap((n) => {
      const worker = this.worker(n);
      return worker ? [[n, worker] as [string, WorkerApi]] : [];
    });
  }

  /** Keeps a report. What is measured anew every few seconds is kept in memory only. true: more than that is new. */
  heard(name: string, report: HostReport): boolean {
    const entry = this.#entry(name);
    const old = entry.report;
    entry.report = report;
    if (old?.address !== report.address) this.#clashes.changed();
    entry.spoken = true;
    const lasting = (r: HostReport) => JSON.stringify({ ...r, used: null, warm: null });
    return old === null || lasting(old) !== lasting(report);
  }

  write(c: Change, name: string): void {
    c.tx.run(
      "INSERT INTO hosts (name, report, seen_at) VALUES ($name, $report, $now) ON CONFLICT (name) DO UPDATE SET report = $report, seen_at = $now",
      { name, report: JSON.stringify(this.#entry(name).report), now: c.now },
    );
  }

  /** Is it connected, and has it told its state? */
  hasSpoken(name: string): boolean {
    const e = this.#entries.get(name);
    return !!e?.worker && e.spoken;
  }

  /** Why nothing can be placed on a host; null: it is fit. */
  problem(name: string): string | null {
    const e = this.#entries.get(name);
    if (e?.removed) return "was removed";
    if (!e?.worker) return e?.trouble ?? "is not connected";
    if (!e.report) return "has not told its state yet";
    return e.report.problem ?? this.#clashes.of(name, e.report) ?? this.fault(e.report);
  }

  /** What placement must know of every host, for whoever seeks a place. */
  candidates(db: Reader, image: Locality, seeker: Seeker = {}): Candidate[] {
    return candidates(db, this.#standings(), image, seeker, this.overcommit);
  }

  list(db: Reader): Host[] {
    const promised = promisedByHost(db);
    const draining = drains(db);
    // Of a host that was removed, nothing is left once its last node is deleted.
    return this.names
      .filter((name) => !this.#entry(name).removed || (promised.get(name)?.nodes ?? 0) > 0)
      .map((name) => this.#present(name, promised.get(name), draining.get(name)));
  }

  one(db: Reader, name: string): Host {
    return this.#present(name, promisedOn(db, name), drains(db).get(name));
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  stop(): void {
    for (const name of this.names) this.detach(name, null);
  }

  #present(name: string, promised: Promised | undefined, drain: string | undefined): Host {
    const { worker, report, removed } = this.#entries.get(name)!;
    return presentHost({
      name,
      connected: worker !== null,
      removed,
      problem: this.problem(name),
      report,
      setting: this.settings.of(name),
      promised,
      images: this.imagesOn(name),
      drain: drain ?? null,
      homes: this.sharing() ? "shared" : "local",
    });
  }

  *#standings(): Iterable<Standing> {
    for (const [name, { report }] of this.#entries) {
      yield { name, problem: this.problem(name), report, setting: this.settings.of(name) };
    }
  }

  #entry(name: string): Entry {
    let e = this.#entries.get(name);
    if (!e) {
      e = { worker: null, leave: null, report: null, came: 0, spoken: false, trouble: null, removed: false };
      this.#entries.set(name, e);
    }
    return e;
  }
}
