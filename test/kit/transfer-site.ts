import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WorkerApi } from "../../src/contracts/worker.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { until } from "../../src/lib/retry.ts";
import { HostDesk } from "../../src/master/hosts/desk.ts";
import { Door } from "../../src/master/hosts/door.ts";
import type { Master } from "../../src/master/master.ts";
import { MasterService } from "../../src/master/service.ts";
import { Wing } from "../../src/master/wing.ts";
import { listAssets, readAsset } from "../../src/os/assets.ts";
import { systemClock } from "../../src/os/clock.ts";
import { loadMigrations } from "../../src/store/migrate.ts";
import { Store } from "../../src/store/store.ts";
import { FakeWorker } from "./fake-worker.ts";
import { WAIT } from "./master-stage.ts";
import { RemoteWorkers } from "./remote-workers.ts";

/** A master, open to its tests from inside, with hosts in its own process or behind real TLS on loopback. */
export class TransferSite {
  readonly folder = mkdtempSync(join(tmpdir(), "docklet-transfers-"));
  readonly remote = new RemoteWorkers(this.folder);
  readonly store = Store.open(
    join(this.folder, "master.db"),
    loadMigrations(listAssets("migrations/master"), (f) => readAsset(`migrations/master/${f}`)),
  );
  readonly wing = new Wing({
    store: this.store,
    clock: systemClock,
    log: silentLogger,
    config: {
      CLUSTER_NET: "172.16.0.1/16",
      CPU_OVERCOMMIT: 8,
      MEMORY_OVERCOMMIT: 2,
      DISK_OVERCOMMIT: 4,
      MEMORY_RESERVE: 0,
    },
    transferPace: { firstMs: 5, maxMs: 50 },
  });
  readonly desk = new HostDesk(this.wing, this.remote.premises);
  readonly workers = new Map<string, FakeWorker>();
  readonly #master: Master = {
    api: new MasterService(this.wing, this.desk),
    start: async () => {},
    stop: async () => {},
    attachWorker: (name, worker) => this.wing.attach(name, worker),
    detachWorker: (name) => this.wing.detach(name),
    door: (options) => new Door(this.desk, options),
  };

  constructor(readonly overTls: boolean) {}

  async up(...names: string[]): Promise<this> {
    await this.desk.open();
    this.wing.start();
    this.desk.start();
    if (this.overTls) await this.remote.open(this.#master);
    for (const name of names) await this.join(new FakeWorker({ name, images: [] }));
    return this;
  }

  async join(worker: FakeWorker): Promise<void> {
    this.workers.set(worker.name, worker);
    await this.connect(worker.name);
  }

  worker(name: string): FakeWorker {
    return this.workers.get(name)!;
  }

  async connect(name: string, worker: WorkerApi = this.worker(name)): Promise<void> {
    if (this.overTls) await this.remote.connect(this.#master, name, worker);
    else this.wing.attach(name, worker);
    await until(`${name} is connected`, () => this.wing.hosts.worker(name) !== null, WAIT);
  }

  /** The connection of a host is gone; the host goes on. */
  async cut(name: string): Promise<void> {
    if (this.overTls) await this.remote.disconnect(name);
    this.wing.detach(name);
    await until(`${name} is gone`, () => this.wing.hosts.worker(name) === null, WAIT);
  }

  async down(): Promise<void> {
    await this.remote.stop();
    await this.wing.stop();
    this.store.close();
    rmSync(this.folder, { recursive: true });
  }
}
