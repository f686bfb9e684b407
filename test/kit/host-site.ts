import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event, Host } from "../../src/contracts/public/index.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { until } from "../../src/lib/retry.ts";
import { createMaster, type Master } from "../../src/master/master.ts";
import { listAssets, readAsset } from "../../src/os/assets.ts";
import { loadMigrations } from "../../src/store/migrate.ts";
import { Store } from "../../src/store/store.ts";
import { parseToken } from "../../src/worker/agent/joining.ts";
import { WAIT } from "./master-stage.ts";
import { RemoteWorkers } from "./remote-workers.ts";
import { HandClock } from "./supermaster-stage.ts";

const CAUSE = { actor: "root", requestId: "req0" };

/** A master with a door on loopback and a clock of its own, and folders in which hosts keep who they are. */
export class HostSite {
  readonly folder = mkdtempSync(join(tmpdir(), "docklet-hosts-"));
  /** Certificates of hosts are judged by this clock; those of the master by the real one, at which it begins. */
  readonly clock = new HandClock(Date.now());
  readonly remote = new RemoteWorkers(this.folder);
  store = this.#open();
  master!: Master;

  async up(door: Parameters<RemoteWorkers["open"]>[1] = {}): Promise<this> {
    this.master = createMaster({
      store: this.store,
      clock: this.clock,
      log: silentLogger,
      config: {
        CLUSTER_NET: "172.16.0.1/16",
        CPU_OVERCOMMIT: 8,
        MEMORY_OVERCOMMIT: 2,
        DISK_OVERCOMMIT: 4,
        MEMORY_RESERVE: 0,
      },
      premises: this.remote.premises,
    });
    await this.master.start();
    await this.remote.open(this.master, door);
    return this;
  }

  /** The master goes, hosts stay. */
  async fall(): Promise<void> {
    await this.remote.close();
    await this.master.stop();
  }

  async down(): Promise<void> {
    await this.remote.stop();
    await this.master.stop();
    this.store.close();
    rmSync(this.folder, { recursive: true });
  }

  async token(more: { ttlMs?: number; uses?: number } = {}) {
    return parseToken((await this.master.api.createJoinToken({ ...CAUSE, role: "worker", ...more })).text);
  }

  async host(name: string): Promise<Host | null> {
    return (await this.master.api.hosts()).find((h) => h.name === name) ?? null;
  }

  /** Waits until a host is in a state, for a reason that contains `why`. */
  become(name: string, state: Host["state"], why = ""): Promise<Host> {
    return until(
      `${name} is ${state} ${why}`,
      async () => {
        const h = await this.host(name);
        return h?.state === state && (h.reason ?? "").includes(why) ? h : null;
      },
      WAIT,
    );
  }

  async events(action: string): Promise<Event[]> {
    return (await this.master.api.events({ owner: null, limit: 100 })).items.filter((e) => e.action === action);
  }

  remove(name: string, force = false): Promise<void> {
    return this.master.api.removeHost({ ...CAUSE, name, force });
  }

  #open(): Store {
    const folder = "migrations/master";
    return Store.open(
      join(this.folder, "master.db"),
      loadMigrations(listAssets(folder), (f) => readAsset(`${folder}/${f}`)),
    );
  }
}
