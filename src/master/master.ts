import type { MasterApi } from "../contracts/master.ts";
import type { WorkerApi } from "../contracts/worker.ts";
import { HostDesk, type Premises } from "./hosts/desk.ts";
import { Door, type DoorOptions } from "./hosts/door.ts";
import { MasterService } from "./service.ts";
import { type MasterDeps, Wing } from "./wing.ts";

export type { MasterConfig, MasterDeps } from "./wing.ts";

/** A master and its life. What can be asked of it is in `api`, where `start` and `stop` speak of vclusters. */
export interface Master {
  readonly api: MasterApi;
  /** Takes up where the rows say that it was: every unfinished operation goes on. */
  start(): Promise<void>;
  /** Lets go of workers and timers. Nodes are left as they are. */
  stop(): Promise<void>;
  /** A worker is there, for the first time or again. May be called before `start`. */
  attachWorker(name: string, worker: WorkerApi): void;
  /** The connection to a worker is lost. */
  detachWorker(name: string): void;
  /** Where workers on other hosts come in. Open it when the master has started and knows its own host. */
  door(options: DoorOptions): Door;
}

/** The master of one data centre, over a store with this wing's migrations applied. */
export function createMaster(deps: MasterDeps & { premises?: Premises }): Master {
  const wing = new Wing(deps);
  const desk = new HostDesk(wing, deps.premises ?? null);
  return {
    api: new MasterService(wing, desk),
    start: async () => {
      await desk.open();
      wing.start();
      desk.start();
    },
    stop: () => wing.stop(),
    attachWorker: (name, worker) => wing.attach(name, worker),
    detachWorker: (name) => wing.detach(name),
    door: (options) => new Door(desk, options),
  };
}
