import type { Config } from "../../config/schema.ts";
import type { Host } from "../../contracts/public/index.ts";
import { HostReport, type Report, type WorkerApi } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import type { Amount } from "../placement/amount.ts";
import type { Candidate } from "../placement/place.ts";

export type Overcommit = Pick<Config, "CPU_OVERCOMMIT" | "MEMORY_OVERCOMMIT" | "DISK_OVERCOMMIT" | "MEMORY_RESERVE">;

interface Entry {
  worker: WorkerApi | null;
  leave: (() => void) | null;
  report: HostReport | null;
  /** Has it told its state since it is connected? What is known from before does not count. */
  spoken: boolean;
  /** Why the connection is not there, when there is something to say. */
  trouble: string | null;
  /** Taken out while nodes were placed on it. */
  removed: boolean;
}

interface Promised extends Amount {
  host: string;
  nodes: number;
}

/** The hosts of this data centre: who is connected, what each last said, what is promised on each. */
export class Hosts {
  readonly #entries = new Map<string, Entry>();

  constructor(readonly overcommit: Overcommit) {}

  load(db: Reader): void {
    for (const r of db.all<{ name: string; report: string }>("SELECT name, report FROM hosts")) {
      const report = HostReport.safeParse(JSON.parse(r.report));
      this.#entry(r.name).report = report.success ? report.data : null;
    }
  }

  /** Takes a worker in and listens to it. Its whole state comes before this returns, or soon after. */
  attach(name: string, worker: WorkerApi, listener: (report: Report) => void): void {
    const entry = this.#entry(name);
    entry.leave?.();
    entry.worker = worker;
    entry.spoken = false;
    entry.trouble = null;
    entry.removed = false;
    entry.leave = worker.subscribe((report) => {
      // Words of a connection that was replaced meanwhile are not this host's any more.
      if (entry.worker === worker) listener(report);
    });
  }

  detach(name: string, trouble: string | null): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    entry.worker = null;
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
    return e.report.problem;
  }

  candidates(
    db: Reader,
    image: { unfit: (host: string) => string | null; warm: (host: string) => number },
  ): Candidate[] {
    const promised = this.#promised(db);
    return this.names.map((name) => ({
      name,
      limit: this.#limit(name),
      reserved: promised.get(name) ?? { cpu: 0, memory: 0, disk: 0 },
      unfit: this.problem(name) ?? image.unfit(name),
      warm: image.warm(name),
    }));
  }

  list(db: Reader): Host[] {
    const promised = this.#promised(db);
    // Of a host that was removed, nothing is left once its last node is deleted.
    return this.names
      .filter((name) => !this.#entry(name).removed || promised.has(name))
      .map((name) => this.#present(name, promised.get(name)));
  }

  one(db: Reader, name: string): Host {
    return this.#present(name, this.#promised(db).get(name));
  }

  stop(): void {
    for (const name of this.names) this.detach(name, null);
  }

  #present(name: string, promised: Promised | undefined): Host {
    const e = this.#entries.get(name)!;
    const r = e.report;
    const none = { cpu: 0, memory: 0, disk: 0 };
    const problem = this.problem(name);
    return {
      name,
      state: e.removed
        ? "removed"
        : problem === null
          ? "ready"
          : e.worker || e.report === null
            ? "joining"
            : "unreachable",
      reason: problem,
      address: r?.address ?? "",
      capacity: r?.capacity ?? none,
      reserved: promised ? { cpu: promised.cpu, memory: promised.memory, disk: promised.disk } : none,
      used: r?.used ?? none,
      nodes: promised?.nodes ?? 0,
      warm: r?.warm ?? 0,
      kernel: r?.kernel ?? "",
      lxc: r?.lxc ?? "",
      version: r?.version ?? "",
      bootedAt: r?.bootedAt ?? 0,
      labels: {},
      images: [],
      gpus: [],
      homes: "local",
      operation: null,
    };
  }

  #limit(name: string): Amount {
    const capacity = this.#entries.get(name)?.report?.capacity ?? { cpu: 0, memory: 0, disk: 0 };
    const o = this.overcommit;
    return {
      cpu: capacity.cpu * o.CPU_OVERCOMMIT,
      memory: Math.max(0, capacity.memory - o.MEMORY_RESERVE) * o.MEMORY_OVERCOMMIT,
      disk: capacity.disk * o.DISK_OVERCOMMIT,
    };
  }

  /** Always summed from the rows that live, never counted up and down. Stopped nodes keep their place. */
  #promised(db: Reader): Map<string, Promised> {
    const rows = db.all<Promised>(
      "SELECT host, sum(cpu) AS cpu, sum(memory) AS memory, sum(disk) AS disk, count(*) AS nodes FROM nodes GROUP BY host",
    );
    return new Map(rows.map((r) => [r.host, r]));
  }

  #entry(name: string): Entry {
    let e = this.#entries.get(name);
    if (!e) {
      e = { worker: null, leave: null, report: null, spoken: false, trouble: null, removed: false };
      this.#entries.set(name, e);
    }
    return e;
  }
}
