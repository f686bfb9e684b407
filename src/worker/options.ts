import type { Logger } from "../lib/log.ts";
import type { Cgroups } from "../os/cgroup/cgroup.ts";
import type { Clock } from "../os/clock.ts";
import type { Store } from "../store/store.ts";
import type { Layout } from "./layout.ts";
import type { NetworkOptions } from "./network/host-network.ts";
import type { PoolOptions } from "./rootfs/pool.ts";
import type { SharedMode } from "./shared/shared-files.ts";

/** What a worker is given by the role that runs it. */
export interface WorkerOptions {
  layout: Layout;
  cgroups: Cgroups;
  store: Store;
  metricsStore: Store;
  clock: Clock;
  log: Logger;
  hostName: string;
  version: string;
  pool: PoolOptions;
  network: NetworkOptions;
  /** MiB of memory that stay free of warm nodes. */
  memoryReserve: number;
  warmDefaults: Record<string, number>;
  /** What is done with a shared file system at FS_PREFIX/global. */
  sharedFiles: SharedMode;
  /** Its master is on another host: what it was told holds for as long as it has a lease. Default: false. */
  leased?: boolean;
}
