import { join } from "node:path";
import type { WorkerApi } from "../../src/contracts/worker.ts";
import type { Beat } from "../../src/lib/channel/heartbeat.ts";
import { silentLogger } from "../../src/lib/log.ts";
import type { Master } from "../../src/master/master.ts";
import { IdentityFiles } from "../../src/worker/agent/identity.ts";
import { type JoinToken, parseToken } from "../../src/worker/agent/joining.ts";
import { Uplink, type UplinkOptions } from "../../src/worker/agent/uplink.ts";

type Door = ReturnType<Master["door"]>;
const CAUSE = { actor: "root", requestId: "req0" };
export const FAST: Beat = { everyMs: 50, missed: 20 };

/** Workers that their master reaches over TLS on loopback, as if each were on a host of its own. */
export class RemoteWorkers {
  readonly uplinks = new Map<string, Uplink>();
  door: Door | null = null;
  #port = 0;

  constructor(readonly folder: string) {}

  get premises() {
    return { identityFolder: join(this.folder, "identity"), relayFolder: join(this.folder, "relay") };
  }

  get address() {
    return { host: "127.0.0.1", port: this.#port };
  }

  /** Opens the master's port; the same one whenever it is opened again. */
  async open(master: Master, more: Partial<Parameters<Master["door"]>[0]> = {}): Promise<Door> {
    this.door = master.door({
      hostname: "127.0.0.1",
      port: this.#port,
      version: "0.0.0",
      beat: FAST,
      patienceMs: 2000,
      ...more,
    });
    await this.door.start();
    this.#port = this.door.port;
    return this.door;
  }

  async token(master: Master): Promise<JoinToken> {
    return parseToken((await master.api.createJoinToken({ ...CAUSE, role: "worker" })).text);
  }

  files(name: string): IdentityFiles {
    return new IdentityFiles(join(this.folder, name));
  }

  options(name: string, worker: WorkerApi, more: Partial<UplinkOptions> = {}): UplinkOptions {
    return {
      served: { worker, runs: () => true },
      files: this.files(name),
      master: this.address,
      token: null,
      name,
      version: "0.0.0",
      log: silentLogger,
      now: Date.now,
      beat: FAST,
      pace: { firstMs: 5, maxMs: 50, refusedMs: 100, connectMs: 1000 },
      ...more,
    };
  }

  /** Joins when this host has not yet, and stays connected. */
  async connect(master: Master, name: string, worker: WorkerApi, more: Partial<UplinkOptions> = {}): Promise<Uplink> {
    const token = this.files(name).read() ? null : await this.token(master);
    const uplink = new Uplink(this.options(name, worker, { token, ...more }));
    const before = this.uplinks.get(name);
    this.uplinks.set(name, uplink);
    await before?.stop();
    await uplink.start();
    return uplink;
  }

  async disconnect(name: string): Promise<void> {
    const uplink = this.uplinks.get(name);
    this.uplinks.delete(name);
    await uplink?.stop();
  }

  async close(): Promise<void> {
    await this.door?.stop();
    this.door = null;
  }

  async stop(): Promise<void> {
    for (const name of [...this.uplinks.keys()]) await this.disconnect(name);
    await this.close();
  }
}

/** A master whose `attachWorker` and `detachWorker` connect and disconnect a host, as tests of the master say it. */
export function overConnections(master: Master, remote: RemoteWorkers): Master {
  return {
    ...master,
    attachWorker: (name, worker) => void remote.connect(master, name, worker),
    detachWorker: (name) => {
      master.detachWorker(name);
      void remote.disconnect(name);
    },
  };
}
