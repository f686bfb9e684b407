import { hostname } from "node:os";
import type { Loaded } from "../config/load.ts";
import { formatCidr, parseCidr } from "../lib/ipv4.ts";
import type { Logger } from "../lib/log.ts";
import { createMaster, type Master } from "../master/master.ts";
import { detectCgroups } from "../os/cgroup/detect.ts";
import { systemClock } from "../os/clock.ts";
import type { Store } from "../store/store.ts";
import { createSupermaster } from "../supermaster/supermaster.ts";
import { IdentityFiles } from "../worker/agent/identity.ts";
import { parseToken } from "../worker/agent/joining.ts";
import { Uplink } from "../worker/agent/uplink.ts";
import { Layout } from "../worker/layout.ts";
import { Worker } from "../worker/worker.ts";
import type { Component } from "./component.ts";
import { DiskSpace } from "./disk-space.ts";
import { GatewayComponent } from "./gateway.ts";
import { gatewayMetrics } from "./gateway-metrics.ts";
import type { Installation } from "./installation.ts";
import { PortListener, SocketListener } from "./listeners.ts";
import { PortalAssets } from "./portal-assets.ts";
import { portalUrl } from "./portal-url.ts";
import { openDisposableStore, openStore } from "./stores.ts";
import type { VersionInfo } from "./version.ts";
import { WorkerFront } from "./worker-front.ts";

export type Role = "supermaster" | "master" | "worker";

export interface Ground {
  loaded: Loaded;
  roles: Role[];
  version: VersionInfo;
  home: Installation;
  log: Logger;
  /** With what this host joins a cluster, if it has not yet: a join token. */
  join: string | null;
  /** A logger with a file of its own for a role. */
  logger: (role: Role) => Logger;
}

/**
 * The one place that knows all wings: turns roles into an ordered list of components. Wings get each other only
 * as the interfaces in contracts/.
 */
export function compose(ground: Ground): Component[] {
  const { roles } = ground;
  const components: Component[] = [];
  const worker = roles.includes("worker") ? createWorker(ground, components) : null;
  const master = roles.includes("master") ? createDataCentre(ground, components) : null;
  if (roles.includes("supermaster") && master) createFront(ground, components, master, worker);
  const link = worker && !master ? uplink(ground, worker) : null;
  if (worker && !roles.includes("supermaster")) createWorkerFront(ground, components, worker, link);
  if (worker) components.push(worker);
  // Only a worker that has its pool and its nodes in hand gets orders.
  if (worker && master) components.push(attachment(ground, master, worker));
  if (link) components.push(link);
  if (master) components.push(door(ground, master));
  components.push(new DiskSpace(ground.home, roles.map(ground.home.database), ground.log));
  return components;
}

function createWorker(g: Ground, components: Component[]): Worker {
  const { config } = g.loaded;
  const log = g.logger("worker");
  const store = keepOpen(components, openStore(g.home.database("worker"), "worker"), "worker.db");
  const metricsStore = keepOpen(components, openDisposableStore(g.home.database("metrics"), log), "metrics.db");
  const net = parseCidr(config.CLUSTER_NET)!;
  return new Worker({
    layout: new Layout(config.FS_PREFIX, g.home.tag()),
    cgroups: detectCgroups(),
    store,
    metricsStore,
    clock: systemClock,
    log,
    hostName: hostName(g),
    version: g.version.version,
    pool: { storage: config.STORAGE, disk: config.DISK, sizeMiB: config.DISKPOOL_SIZE },
    network: {
      device: config.NETWORK_DEVICE,
      clusterNet: formatCidr(net),
      deny: config.TENANT_DENY,
      dns: config.DNS_SERVERS,
    },
    memoryReserve: config.MEMORY_RESERVE,
    warmDefaults: config.WARM_NODES,
    sharedFiles: config.SHARED_FS,
    leased: !g.roles.includes("master"),
  });
}

function createDataCentre(g: Ground, components: Component[]): Master {
  const { config } = g.loaded;
  const store = keepOpen(components, openStore(g.home.database("master"), "master"), "master.db");
  const gatewayHost = config.DISTRIBUTED_GATEWAY || !g.roles.includes("worker") ? null : hostName(g);
  const premises = { identityFolder: g.home.identity, relayFolder: g.home.relays };
  const log = g.logger("master");
  const master = createMaster({
    store,
    clock: systemClock,
    log,
    config,
    gatewayHost,
    premises,
    sharedFiles: config.SHARED_FS,
  });
  components.push({ name: "master", start: () => master.start(), stop: () => master.stop() });
  return master;
}

function attachment(g: Ground, master: Master, worker: Worker): Component {
  const name = hostName(g);
  return {
    name: "attachment",
    start: async () => master.attachWorker(name, worker),
    stop: async () => master.detachWorker(name),
  };
}

/** What a host without the portal tells of itself, to this host alone. Up first: the rest may take long. */
function createWorkerFront(g: Ground, components: Component[], worker: Worker, link: Uplink | null): void {
  const front = new WorkerFront({
    name: hostName(g),
    version: g.version.version,
    nodes: () => worker.nodeCount(),
    master: () => link?.state() ?? null,
    checks: () => ({ worker: worker.ready(), ...(link ? { master: link.ready() } : {}) }),
    metrics: () => worker.metricsText(),
  });
  const owner = { name: "worker's port", key: "WORKER_PORT" };
  components.push(new PortListener(front, LOOPBACK, g.loaded.config.WORKER_PORT, owner));
  const root = { fetch: front.fetchAsRoot, websocket: front.websocket };
  components.push(new SocketListener(root, g.home.workerSocket));
}

/** A worker whose master is on another host. */
function uplink(g: Ground, worker: Worker): Uplink {
  const { MASTER_IP, MASTER_PORT } = g.loaded.config;
  return new Uplink({
    served: { worker, runs: (address) => worker.runs(address), lease: () => worker.lease },
    files: new IdentityFiles(g.home.identity),
    master: { host: MASTER_IP ?? "127.0.0.1", port: MASTER_PORT },
    token: g.join === null ? null : parseToken(g.join),
    name: hostName(g),
    version: g.version.version,
    log: g.logger("worker"),
    now: systemClock.now,
  });
}

/** Where workers on other hosts come in. */
function door(g: Ground, master: Master): Component {
  const { BIND_ADDRESS, MASTER_PORT } = g.loaded.config;
  return master.door({ hostname: BIND_ADDRESS, port: MASTER_PORT, version: g.version.version });
}

const LOOPBACK = "127.0.0.1";

const hostName = (g: Ground): string => g.loaded.config.HOST_NAME ?? hostname();

/** People's side: accounts and API, the portal, the front door of workspaces. */
function createFront(g: Ground, components: Component[], master: Master, worker: Worker | null): void {
  const { config } = g.loaded;
  const store = keepOpen(components, openStore(g.home.database("supermaster"), "supermaster"), "supermaster.db");
  const assets = new PortalAssets();
  const log = g.logger("supermaster");
  const front = gatewayMetrics(() => gateway.running);
  const supermaster = createSupermaster({
    store,
    master: master.api,
    clock: systemClock,
    log,
    config,
    portalUrl: () => portalUrl(config),
    version: g.version,
    effectiveConfig: () => g.loaded.entries.map((e) => ({ ...e, value: e.secret && e.value ? "[secret]" : e.value })),
    asset: (path, gzip) => assets.serve(path, gzip),
    passwordFile: g.home.passwordFile,
    moreMetrics: async () => (await Promise.all([worker?.metricsText(), front.metrics()])).join("\n"),
  });
  components.push({ name: "supermaster", start: () => supermaster.start(), stop: () => supermaster.stop() });
  const gateway: GatewayComponent = new GatewayComponent(
    supermaster.gatewayApi,
    {
      hostname: config.BIND_ADDRESS,
      port: config.PROXY_PORT,
      portalUrl: (host) => portalUrl(config, host),
      wildcardDomain: config.WORKSPACE_DOMAIN,
      origins: [],
    },
    log,
  );
  components.push(gateway);
  components.push(
    new PortListener(
      { fetch: supermaster.fetch, websocket: supermaster.websocket },
      config.BIND_ADDRESS,
      config.NGINX_PORT,
    ),
  );
  components.push(
    new SocketListener({ fetch: supermaster.fetchAsRoot, websocket: supermaster.websocket }, g.home.socket),
  );
  // Stopped first: the listeners would wait for event streams and terminals that never end by themselves.
  components.push({ name: "streams", start: async () => {}, stop: async () => supermaster.closeStreams() });
}

/** Databases close last, after everything that writes to them. */
function keepOpen(components: Component[], store: Store, name: string): Store {
  components.push({ name, start: async () => {}, stop: async () => store.close() });
  return store;
}
