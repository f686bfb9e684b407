import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Vcluster } from "../../src/contracts/public/index.ts";
import { shortId } from "../../src/lib/ids.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { until } from "../../src/lib/retry.ts";
import { HostDesk } from "../../src/master/hosts/desk.ts";
import { MasterService } from "../../src/master/service.ts";
import { Wing } from "../../src/master/wing.ts";
import { listAssets, readAsset } from "../../src/os/assets.ts";
import { loadMigrations } from "../../src/store/migrate.ts";
import { Store } from "../../src/store/store.ts";
import { FakeWorker } from "./fake-worker.ts";
import { ANN, CAUSE, SIZE, WAIT } from "./master-stage.ts";

const CONFIG = {
  CLUSTER_NET: "172.16.0.1/16",
  CPU_OVERCOMMIT: 8,
  MEMORY_OVERCOMMIT: 2,
  DISK_OVERCOMMIT: 4,
  MEMORY_RESERVE: 1024,
  HOST_LEASE: 30,
};

/** A master whose hosts come and go, over a clock that only moves when it is told to. */
export class LossStage {
  readonly folder = mkdtempSync(join(tmpdir(), "docklet-losses-"));
  readonly workers = new Map<string, FakeWorker>();
  /** ms: the clock of leases, and that of people. */
  boot = 1_000_000;
  wall = Date.UTC(2026, 0, 2, 3, 4);
  store = this.#open();
  wing!: Wing;
  api!: MasterService;
  #desk!: HostDesk;

  constructor(names = ["one", "two", "three"], capacity = { cpu: 8, memory: 9216, disk: 100_000 }) {
    for (const [i, name] of names.entries())
      this.workers.set(name, new FakeWorker({ name, address: `192.0.2.${i + 1}`, capacity }));
  }

  /** The master starts; hosts are not there by that. */
  async up(): Promise<this> {
    const clock = { now: () => this.wall, monotonic: () => this.boot };
    this.wing = new Wing({
      store: this.store,
      clock,
      log: silentLogger,
      config: CONFIG,
      pace: { retryMs: 2, retryMaxMs: 20, answerMs: 500 },
      boot: () => this.boot,
      // Looked at by hand.
      lossPace: { tickMs: 1_000_000, graceMs: 5_000, marginMs: 15_000 },
    });
    this.#desk = new HostDesk(this.wing, { identityFolder: join(this.folder, "id"), relayFolder: this.folder });
    this.api = new MasterService(this.wing, this.#desk);
    await this.#desk.open();
    this.wing.start();
    this.#desk.start();
    return this;
  }

  /** As after `kill -9`. */
  async restart(): Promise<void> {
    await this.wing.stop();
    this.store.close();
    this.store = this.#open();
    await this.up();
  }

  async down(): Promise<void> {
    await this.wing.stop();
    this.store.close();
    rmSync(this.folder, { recursive: true });
  }

  on(host: string): FakeWorker {
    return this.workers.get(host)!;
  }

  /** A host that has joined connects, and says that it lives. `leased`: it knows of leases. */
  async connect(host: string, leased = true): Promise<void> {
    this.store.write((tx) => {
      tx.run(
        "INSERT OR IGNORE INTO join_tokens (id, hash, role, uses, actor, created_at, expires_at) VALUES ('t', 'h', 'worker', 99, 'root', 1, 9)",
      );
      tx.run(
        "INSERT INTO members (id, name, role, token, join_key, joined_at) SELECT $id, $host, 'worker', 't', $id, 1 WHERE NOT EXISTS (SELECT 1 FROM members WHERE name = $host)",
        { id: shortId(), host },
      );
    });
    this.#desk.expect({ id: `id${host}`, name: host });
    this.wing.losses.leases.greeted(host);
    if (leased) this.wing.losses.leases.beat(host, 30_000);
    this.wing.attach(host, this.on(host));
    const there = async () => (await this.api.host(host))?.state === "ready";
    await until(`${host} to be ready`, there, WAIT);
  }

  disconnect(host: string): void {
    this.wing.detach(host, "is not connected");
  }

  /** Time passes; hosts that are connected go on saying that they live. */
  pass(seconds: number): void {
    for (let s = 0; s < seconds; s++) {
      this.boot += 1_000;
      this.wall += 1_000;
      for (const h of this.workers.keys()) if (this.wing.hosts.worker(h)) this.wing.losses.leases.beat(h, 30_000);
      this.wing.losses.look();
    }
  }

  /** A running vcluster with one node on `host`. */
  async made(host: string, onHostLoss: Partial<Vcluster["onHostLoss"]>, name = "web"): Promise<Vcluster> {
    for (const h of this.workers.keys())
      if (h !== host && this.wing.hosts.worker(h)) await this.api.patchHost({ ...CAUSE, name: h, cordoned: true });
    const id = shortId();
    await this.api.create({ ...CAUSE, id, owner: ANN, name, image: "mini", nodes: 1, size: SIZE, onHostLoss });
    await this.is(id, (v) => v.state === "ready" && v.operation === null);
    for (const h of this.workers.keys())
      if (h !== host && this.wing.hosts.worker(h)) await this.api.patchHost({ ...CAUSE, name: h, cordoned: false });
    return (await this.api.vcluster(id))!;
  }

  async is(id: string, what: (v: Vcluster) => boolean): Promise<Vcluster> {
    let seen: Vcluster | null = null;
    return await until(
      `vcluster to become as wanted`,
      async () => {
        seen = await this.api.vcluster(id);
        return seen && what(seen) ? seen : null;
      },
      WAIT,
    ).catch((e) => {
      throw new Error(`${e.message}: ${JSON.stringify(seen)}`);
    });
  }

  events(object: string): string[] {
    return this.store
      .all<{ action: string; message: string }>(
        "SELECT action, message FROM events WHERE object = $object ORDER BY seq",
        {
          object,
        },
      )
      .map((e) => `${e.action}: ${e.message}`);
  }

  /** Hosts that were told, in their newest order, to run this node. */
  toldToRun(node: string): string[] {
    return [...this.workers].flatMap(([name, w]) => (w.nodes.get(node)?.desired === "running" ? [name] : []));
  }

  #open(): Store {
    const migrations = loadMigrations(listAssets("migrations/master"), (f) => readAsset(`migrations/master/${f}`));
    return Store.open(join(this.folder, "master.db"), migrations);
  }
}
