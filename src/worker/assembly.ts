import type { Report } from "../contracts/worker.ts";
import { keepQuotas, usage } from "../os/btrfs.ts";
import { bootId, sinceBoot } from "../os/clock.ts";
import { machineMark } from "../os/machine.ts";
import { linkBytes, memory } from "../os/procfs.ts";
import { ImageDesk } from "./image-desk.ts";
import type { Images } from "./images/images.ts";
import { Custody } from "./lease/custody.ts";
import { leaseFile, startKeeper } from "./lease/keeper.ts";
import { Lease } from "./lease/lease.ts";
import { LeaseFile } from "./lease/lease-file.ts";
import { Runs } from "./lease/runs.ts";
import { Containers } from "./lxc/container.ts";
import { writeSeccomp } from "./lxc/seccomp.ts";
import type { NodeMetrics } from "./metrics/exposition.ts";
import { HostGauge } from "./metrics/host.ts";
import { Sampler } from "./metrics/sampler.ts";
import { Attachments } from "./network/attachment.ts";
import { Bridges } from "./network/bridges.ts";
import { type HostNetwork, nameServers } from "./network/host-network.ts";
import { Networks } from "./network/networks.ts";
import { Tunnels } from "./network/tunnels.ts";
import { Identity } from "./nodes/identity.ts";
import { Instances } from "./nodes/instances.ts";
import { Orders } from "./nodes/orders.ts";
import { Runtime } from "./nodes/runtime.ts";
import { Settlement } from "./nodes/settlement.ts";
import { WarmPool } from "./nodes/warm-pool.ts";
import type { WorkerOptions } from "./options.ts";
import { HomeSlots } from "./rootfs/home-slot.ts";
import { Homes } from "./rootfs/homes.ts";
import { Rootfs } from "./rootfs/rootfs.ts";
import { SharedFiles } from "./shared/shared-files.ts";
import { Estate } from "./volumes/estate.ts";
import { Volumes } from "./volumes/volumes.ts";
import { WaitingDisks } from "./volumes/waiting-disks.ts";

/** MiB that must stay free of what comes from other hosts: nodes here need them. */
const TRAVEL_MIB = 128;

export type WorkerParts = ReturnType<typeof assemble>;

/** All parts of a worker, wired once, when the pool is mounted and the network is known. */
export function assemble(
  o: WorkerOptions,
  images: Images,
  net: HostNetwork,
  metrics: NodeMetrics,
  report: (r: Report) => void,
) {
  const { layout, cgroups, store, metricsStore, clock, log, hostName, version, network } = o;
  const instances = new Instances(store);
  const orders = new Orders(store);
  const containers = new Containers(layout, cgroups, writeSeccomp(layout));
  const rootfs = new Rootfs(layout);
  const homes = new Homes(layout);
  const shared = new SharedFiles(layout, o.sharedFiles, `${hostName}.${layout.tag}`, log);
  const slots = new HomeSlots(layout, homes, shared);
  const networks = new Networks(
    {
      bridges: new Bridges(layout),
      tunnels: new Tunnels(layout, net.address),
      order: (vcluster) => orders.get(vcluster),
    },
    net.address,
  );
  const attachments = new Attachments(layout, networks);
  const identity = new Identity(layout, () => nameServers(network.dns));
  const desk: ImageDesk = new ImageDesk({
    images,
    warm: (image) => ({ want: warm.want(image), have: warm.have(image) }),
    report,
    changed: (image) => void warm.refresh(image),
  });
  const estate = new Estate({ layout, instances, homes, images: desk });
  const volumes: Volumes = new Volumes({
    pool: layout.pool,
    estate,
    now: clock.now,
    full: () => gauge.fullDisk(TRAVEL_MIB),
    log,
  });
  const disks = new WaitingDisks({ shelf: volumes.shelf, layout, instances, now: clock.now });
  const runtime = new Runtime({
    layout,
    cgroups,
    containers,
    rootfs,
    slots,
    attachments,
    identity,
    instances,
    images: desk,
    clock,
  });
  const warm: WarmPool = new WarmPool({
    store,
    instances,
    runtime,
    images: desk,
    clock,
    log,
    spare: () => memory().available - o.memoryReserve,
    defaults: (image) => o.warmDefaults[image] ?? 0,
    changed: (image) => desk.reportImage(image),
  });
  metrics.watch(instances, warm, () => desk.names());
  const file = new LeaseFile(leaseFile(layout), bootId());
  const custody = new Custody({
    store,
    lease: o.leased ? new Lease(sinceBoot, file.read()) : null,
    file,
    now: clock.now,
    log,
    orders: () => orders.all(),
    freezers: (watched) =>
      watched.flatMap((w) => instances.inVcluster(w.id).map((i) => cgroups.freezer(layout.cgroup(i.id)))),
    settle: (vcluster) => void settlement.settle(vcluster),
    keep: () => startKeeper(layout),
    machine: machineMark(),
  });
  const runs = new Runs(store, { now: clock.now, boot: sinceBoot, bootId: bootId() });
  const settlement: Settlement = new Settlement({
    metrics,
    custody,
    disks,
    runs,
    orders,
    instances,
    runtime,
    warm,
    images: desk,
    networks,
    clock,
    log,
    report,
  });
  const sampler = new Sampler({
    layout,
    cgroups,
    clock,
    store: metricsStore,
    bytes: linkBytes,
    disk: async () => {
      if ((await keepQuotas(layout.pool)).recounting) log.warn("quotas of the storage pool are being counted anew");
      return usage(layout.pool);
    },
    emit: (i, sample) => report({ type: "sample", vcluster: i.vcluster!, node: i.node!, sample }),
  });
  const gauge: HostGauge = new HostGauge(layout, {
    name: hostName,
    address: net.address,
    mtu: net.mtu,
    version,
    clusterNet: network.clusterNet,
  });
  return {
    instances,
    orders,
    containers,
    homes,
    shared,
    networks,
    attachments,
    desk,
    runtime,
    warm,
    settlement,
    custody,
    runs,
    volumes,
    sampler,
    gauge,
  };
}
