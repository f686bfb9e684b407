import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MasterFrame } from "../../src/contracts/master.ts";
import type { Host } from "../../src/contracts/public/index.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { until } from "../../src/lib/retry.ts";
import { createMaster, type Master } from "../../src/master/master.ts";
import { listAssets, readAsset } from "../../src/os/assets.ts";
import { systemClock } from "../../src/os/clock.ts";
import { loadMigrations } from "../../src/store/migrate.ts";
import { Store } from "../../src/store/store.ts";
import { RemoteWorkers } from "../kit/remote-workers.ts";
import { type Stage, supermasterStage } from "../kit/supermaster-stage.ts";

const CONFIG = {
  CLUSTER_NET: "10.0.0.1/8",
  CPU_OVERCOMMIT: 8,
  MEMORY_OVERCOMMIT: 2,
  DISK_OVERCOMMIT: 4,
  MEMORY_RESERVE: 1024,
};
const QUOTA = { cpu: 10_000, memory: 100_000_000, disk: 1_000_000_000, nodes: 10_000, vclusters: 10_000 };

/** A master, its port for hosts and a supermaster with the API over stores on disk, as one process has them. */
export class Centre {
  readonly folder = mkdtempSync(join(tmpdir(), "docklet-sim-"));
  readonly #premises = new RemoteWorkers(this.folder);
  frames: MasterFrame[] = [];
  store!: Store;
  master!: Master;
  front!: Stage;

  async up(): Promise<this> {
    const migrations = loadMigrations(listAssets("migrations/master"), (f) => readAsset(`migrations/master/${f}`));
    this.store = Store.open(join(this.folder, "master.db"), migrations);
    this.master = createMaster({
      store: this.store,
      clock: systemClock,
      log: silentLogger,
      config: CONFIG,
      premises: this.#premises.premises,
    });
    this.master.api.subscribe((f) => this.frames.push(f));
    await this.master.start();
    this.front = await supermasterStage(
      { master: this.master.api, clock: systemClock },
      join(this.folder, "supermaster.db"),
    );
    this.front.clock.at = Date.now();
    await this.front.json("PATCH", "/groups/default", { as: this.front.session("root"), body: { quota: QUOTA } });
    await this.#premises.open(this.master, { patienceMs: 15_000, beat: { everyMs: 5_000, missed: 3 } });
    return this;
  }

  /** Rows that the master has written since it was opened. */
  get rows(): number {
    return this.store.get<{ n: number }>("SELECT total_changes() AS n")!.n;
  }

  /** How many frames of this kind were told since the list was emptied. */
  told(type: MasterFrame["type"]): number {
    return this.frames.filter((f) => f.type === type).length;
  }

  get address() {
    return this.#premises.address;
  }

  /** A join token, good for so many hosts. */
  async token(uses: number): Promise<string> {
    return (await this.master.api.createJoinToken({ actor: "root", requestId: "sim", role: "worker", uses })).text;
  }

  /** Nothing is under way: no operation, and no order that a host has not answered. */
  async rest(): Promise<void> {
    const busy = async () =>
      (await this.master.api.operations({ owner: null, active: true, limit: 1 })).items.length > 0;
    await until("operations end", async () => !(await busy()), { timeoutMs: 60_000 });
    await this.settled(() => this.rows + this.frames.length);
  }

  /** Waits until a count has stood still for a while. */
  async settled(count: () => number): Promise<void> {
    let [seen, same] = [-1, 0];
    const still = () => {
      const now = count();
      same = now === seen ? same + 1 : 0;
      seen = now;
      return same >= 10;
    };
    await until("nothing changes any more", async () => still(), { timeoutMs: 60_000, firstMs: 30, maxMs: 30 });
  }

  async hostsAre(state: Host["state"], n: number): Promise<void> {
    const count = async () => (await this.master.api.hosts()).filter((h) => h.state === state).length;
    await until(`${n} hosts are ${state}`, async () => (await count()) === n, { timeoutMs: 60_000 });
  }

  /** As after `kill -9`: what was only in memory is lost, and hosts find that their connection is. */
  async restart(): Promise<void> {
    await this.#end();
    this.frames = [];
    await this.up();
  }

  async down(): Promise<void> {
    await this.#end();
    rmSync(this.folder, { recursive: true });
  }

  async #end(): Promise<void> {
    await this.#premises.close();
    await this.front.stop();
    await this.master.stop();
    this.store.close();
  }
}
