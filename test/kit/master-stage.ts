import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CreateVcluster, MasterApi, MasterFrame, Owner } from "../../src/contracts/master.ts";
import type { Operation, Vcluster } from "../../src/contracts/public/index.ts";
import type { WorkerApi } from "../../src/contracts/worker.ts";
import { shortId } from "../../src/lib/ids.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { until } from "../../src/lib/retry.ts";
import type { SharedMode } from "../../src/master/homes/shared-files.ts";
import { createMaster, type Master, type MasterConfig, type MasterDeps } from "../../src/master/master.ts";
import { listAssets, readAsset } from "../../src/os/assets.ts";
import { systemClock } from "../../src/os/clock.ts";
import { loadMigrations } from "../../src/store/migrate.ts";
import { Store } from "../../src/store/store.ts";
import { type FakeOptions, FakeWorker } from "./fake-worker.ts";
import { overConnections, RemoteWorkers } from "./remote-workers.ts";

export const CAUSE = { actor: "ann", requestId: "req1" };
export const SIZE = { cpu: 1, memory: 1024, disk: 10_240 };
const CONFIG: MasterConfig = {
  CLUSTER_NET: "172.16.0.1/16",
  CPU_OVERCOMMIT: 8,
  MEMORY_OVERCOMMIT: 2,
  DISK_OVERCOMMIT: 4,
  MEMORY_RESERVE: 1024,
};

/** A master over a store on disk, and workers that outlive it. */
export class Stage {
  /** Workers are reached over connections, as if each were on another host. For tests that must not see a difference. */
  static remote = false;
  readonly folder = mkdtempSync(join(tmpdir(), "docklet-master-"));
  readonly workers: FakeWorker[];
  readonly frames: MasterFrame[] = [];
  sharedFiles: SharedMode = "auto";
  readonly #remote = Stage.remote ? new RemoteWorkers(this.folder) : null;
  /** How patient moves are; set before `up`. */
  movePace: MasterDeps["movePace"] = {};
  store: Store;
  master!: Master;

  constructor(
    workers: FakeOptions[] = [{}],
    readonly config: Partial<MasterConfig> = {},
    readonly gatewayHost: string | null = null,
  ) {
    this.workers = workers.map((w) => new FakeWorker(w));
    this.store = this.#open();
  }

  get worker(): FakeWorker {
    return this.workers[0]!;
  }

  get api(): MasterApi {
    return this.master.api;
  }

  async up(wrap: (store: Store) => Store = (s) => s, reach: (w: FakeWorker) => WorkerApi = (w) => w): Promise<this> {
    this.master = createMaster({
      store: wrap(this.store),
      clock: systemClock,
      log: silentLogger,
      config: { ...CONFIG, ...this.config },
      gatewayHost: this.gatewayHost,
      pace: { retryMs: 2, retryMaxMs: 20, answerMs: 500 },
      transferPace: { firstMs: 5, maxMs: 50 },
      movePace: { patienceMs: 2_000, heldMs: 1_000, retryMs: 10, ...this.movePace },
      sharedFiles: this.sharedFiles,
      ...(this.#remote ? { premises: this.#remote.premises } : {}),
    });
    this.master.api.subscribe((f) => this.frames.push(f));
    if (this.#remote) {
      this.master = overConnections(this.master, this.#remote);
      await this.master.start();
      await this.#remote.open(this.master);
      for (const w of this.workers)
        if (!this.#remote.uplinks.has(w.name)) await this.#remote.connect(this.master, w.name, w);
      await until("connected", async () => (await this.api.hosts()).every((h) => h.state === "ready"), WAIT);
      return this;
    }
    for (const w of this.workers) this.master.attachWorker(w.name, reach(w));
    await this.master.start();
    // Every worker has told its state, and that is written down, before anybody asks for anything.
    await until("hosts are known", async () => (await this.api.hosts()).every((h) => h.state !== "joining"), WAIT);
    return this;
  }

  /** One more host. */
  join(options: FakeOptions): FakeWorker {
    const worker = new FakeWorker(options);
    this.workers.push(worker);
    this.master.attachWorker(worker.name, worker);
    return worker;
  }

  /** As after `kill -9`: nothing is said to anybody, what is in memory is lost, and the file is opened again. */
  async restart(): Promise<void> {
    await this.#remote?.close();
    await this.master.stop();
    this.store.close();
    this.store = this.#open();
    await this.up();
  }

  async down(): Promise<void> {
    await this.#remote?.stop();
    await this.master.stop();
    this.store.close();
    rmSync(this.folder, { recursive: true });
  }

  request(more: Partial<CreateVcluster> = {}): CreateVcluster {
    return { ...CAUSE, id: shortId(), owner: ANN, name: "web", image: "mini", nodes: 2, size: SIZE, ...more };
  }

  /** Creates and waits until it is ready. */
  async made(more: Partial<CreateVcluster> = {}): Promise<Vcluster> {
    const { vcluster, operation } = await this.api.create(this.request(more));
    await this.ended(operation, "done");
    return (await this.api.vcluster(vcluster.id))!;
  }

  async ended(operation: Operation | string, how?: Operation["state"]): Promise<Operation> {
    const id = typeof operation === "string" ? operation : operation.id;
    const over = await until(
      `operation ${id} ends`,
      async () => {
        const op = await this.api.operation(id);
        return op?.endedAt ? op : null;
      },
      WAIT,
    );
    if (how && over.state !== how) throw new Error(`${over.kind} ended ${over.state}: ${JSON.stringify(over)}`);
    return over;
  }

  async state(id: string, state: Vcluster["state"]): Promise<Vcluster> {
    return until(
      `vcluster is ${state}`,
      async () => {
        const vc = await this.api.vcluster(id);
        return vc?.state === state ? vc : null;
      },
      WAIT,
    );
  }

  /** Waits until no operation is open. */
  async quiet(): Promise<void> {
    await until(
      "operations end",
      async () => (await this.api.operations({ owner: null, active: true, limit: 1 })).items.length === 0,
      WAIT,
    );
  }

  leases(): number {
    const count = (table: string) => this.store.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)!.n;
    return ["subnet_leases", "vni_leases", "address_leases", "nodes", "vclusters"].reduce((n, t) => n + count(t), 0);
  }

  /** What must hold at any moment, whatever happened. */
  audit(): void {
    const bad = (sql: string, what: string) => {
      const rows = this.store.all(sql);
      if (rows.length > 0) throw new Error(`${what}: ${JSON.stringify(rows)}`);
    };
    const sum =
      "SELECT host, sum(CAST(round(cpu * 1000) AS INTEGER)) AS cpu, sum(memory) AS memory, sum(disk) AS disk, count(*) AS nodes FROM nodes GROUP BY host";
    const kept = "SELECT host, cpu, memory, disk, nodes FROM promised";
    bad(`${sum} EXCEPT ${kept}`, "more is promised than is kept");
    bad(`${kept} EXCEPT ${sum}`, "more is kept than was promised");
    bad(
      "SELECT n.id FROM nodes n LEFT JOIN address_leases a ON a.node = n.id AND a.address = n.address WHERE a.node IS NULL",
      "node without its address lease",
    );
    bad(
      "SELECT v.id FROM vclusters v LEFT JOIN vni_leases l ON l.vcluster = v.id WHERE l.vni IS NULL",
      "vcluster without VNI",
    );
    bad(
      "SELECT v.id FROM vclusters v WHERE (SELECT count(*) FROM subnet_leases s WHERE s.vcluster = v.id) <> (1 << max(0, 26 - v.subnet_prefix))",
      "subnet and its leases differ",
    );
    bad(
      "SELECT n.id FROM nodes n JOIN vclusters v ON v.id = n.vcluster WHERE n.address <= v.subnet_base OR n.address >= v.subnet_base + (1 << (32 - v.subnet_prefix)) - 1 OR n.address = v.gateway",
      "address outside its subnet",
    );
    bad(
      "SELECT v.id FROM vclusters v WHERE v.desired = 'deleted' AND EXISTS (SELECT 1 FROM nodes n WHERE n.vcluster = v.id AND n.desired <> 'gone')",
      "deleted vcluster with nodes that stay",
    );
    bad(
      "SELECT v.id FROM vclusters v WHERE v.desired = 'deleted' AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.vcluster = v.id AND o.ended_at IS NULL)",
      "deletion that nobody follows",
    );
  }

  #open(): Store {
    const migrations = loadMigrations(listAssets("migrations/master"), (f) => readAsset(`migrations/master/${f}`));
    return Store.open(join(this.folder, "master.db"), migrations);
  }
}

export const WAIT = { timeoutMs: 20_000, firstMs: 1, maxMs: 10 };
export const ANN: Owner = { id: "annaaa", name: "ann", home: 1024, authorizedKeys: ["ssh-ed25519 AAAA ann"] };
export const BOB: Owner = { id: "bobbbb", name: "bob", home: 2048, authorizedKeys: [] };
