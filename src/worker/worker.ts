import type {
  HostReport,
  NodeStream,
  Picture,
  PictureSink,
  PictureSource,
  Report,
  SharedTask,
  StreamRequest,
  Volume,
  WorkerApi,
} from "../contracts/worker.ts";
import { VclusterOrder } from "../contracts/worker.ts";
import { DockletError, messageOf } from "../lib/errors.ts";
import { isMounted, tmpfs } from "../os/mounts.ts";
import { watchRoutes } from "../os/route-watch.ts";
import { enableForwarding } from "../os/sysctl.ts";
import { assemble, type WorkerParts } from "./assembly.ts";
import { createImages } from "./images/images.ts";
import type { LeaseHolder } from "./lease/custody.ts";
import { watchHooks } from "./lxc/hook.ts";
import { ensureLxcfs } from "./lxc/lxcfs.ts";
import { NodeMetrics } from "./metrics/exposition.ts";
import { SAMPLE_MS } from "./metrics/sampler.ts";
import { installFirewall, updateSets } from "./network/firewall.ts";
import { type HostNetwork, lookAtHostNetwork } from "./network/host-network.ts";
import type { WorkerOptions } from "./options.ts";
import { openPool } from "./rootfs/pool.ts";
import { PoolSpace } from "./rootfs/pool-space.ts";
import { openStream } from "./terminal/streams.ts";
import { layerAt } from "./volumes/estate.ts";

/** How often the worker looks for containers that ended without a word (their monitor was killed). */
const SWEEP_MS = 5_000;
/** How soon it is seen that the shared file system is gone, or back. */
const SHARED_MS = 3_000;
/** How soon the end of the lease is seen. */
const LEASE_MS = 500;
/** The pool needs more space for its own records as it fills. */
const HOLD_MS = 60_000;
/** What was deleted in the pool goes back to the disk below it this often. */
const GIVE_BACK_MS = 600_000;

/** One host: makes real what its master orders, and tells what became of it. */
export class Worker implements WorkerApi {
  readonly name = "worker";
  readonly #o: WorkerOptions;
  readonly #listeners = new Set<(r: Report) => void>();
  readonly #stopping: (() => void | Promise<void>)[] = [];
  readonly #metrics = new NodeMetrics();
  #p: WorkerParts | null = null;
  #problem: string | null = "starting";

  constructor(options: WorkerOptions) {
    this.#o = options;
  }

  /** Pool, runtime folder, firewall; then takes back what runs and settles every order. */
  async start(): Promise<void> {
    const { layout, log, cgroups, clock, pool, network } = this.#o;
    await openPool(layout, pool, log);
    const space = new PoolSpace(layout, log);
    await space.hold();
    if (!isMounted(layout.live)) tmpfs(layout.live, "mode=0711,size=256m");
    cgroups.create(layout.cgroupRoot);
    cgroups.create(layout.monitorRoot);
    await ensureLxcfs(layout.local, log);
    enableForwarding();
    const net = await lookAtHostNetwork(network);
    await installFirewall({ tag: layout.tag, clusterNet: network.clusterNet, deny: net.deny, dns: net.dns });
    const images = await createImages({
      pool: layout.pool,
      log,
      now: clock.now,
      inUse: (layer) => !this.#p || this.#p.instances.usesLayer(layer) || this.#p.volumes.standsOn(layerAt(layer)),
      onTheWay: (layer) => this.#p?.volumes.keepsLayer(layer) ?? true,
      letGo: async (id) => this.#p?.volumes.release({ kind: "layer", id }),
    });
    const p = assemble(this.#o, images, net, this.#metrics, (r) => this.#report(r));
    await p.gauge.start();
    await p.shared.look();
    await p.volumes.sweep();
    const found = await p.networks.load();
    await p.attachments.load(p.instances.all().map((i) => i.id));
    const hooks = watchHooks(
      layout,
      (id, what) => {
        if (what === "up") p.settlement.cameUp(id);
        else {
          p.warm.lost(id);
          p.settlement.wentDown(id);
        }
      },
      log,
    );
    this.#stopping.push(() => hooks.close());
    await p.desk.dockletLayer();
    this.#p = p;
    this.#problem = null;
    for (const i of p.instances.all().filter((x) => x.stage === "dying")) {
      await p.runtime
        .destroy(i)
        .catch((err) => log.warn({ err, instance: i.id }, "what was being deleted could not be deleted yet"));
    }
    // Before any node is settled: one that has lost its right to run must not be started first.
    p.custody.look();
    this.#every(LEASE_MS, async () => p.custody.look());
    await p.warm.adopt();
    this.#tellAll();
    void p.settlement.settleAll().then(() => dropUnused(p, found));
    p.warm.start(() => p.desk.names());
    this.#every(SAMPLE_MS, async () => {
      await p.sampler.sample(p.instances.all().filter((i) => i.stage === "claimed" && i.node !== null));
      this.#report(this.#hostReport());
    });
    this.#every(SHARED_MS, async () => {
      if (await p.shared.look()) this.#report(this.#hostReport());
    });
    this.#every(HOLD_MS, () => space.hold());
    this.#every(GIVE_BACK_MS, async () => {
      await p.volumes.tidy();
      await images.prune();
      await space.giveBack();
    });
    await this.#followNetworks(p, net);
    this.#every(SWEEP_MS, async () => {
      for (const i of p.instances.all()) {
        if (!p.runtime.isOver(i)) continue;
        if (i.stage === "warm") p.warm.lost(i.id);
        else p.settlement.wentDown(i.id);
      }
      await p.settlement.followNetworks();
    });
  }

  /** Leaves every node running. */
  async stop(): Promise<void> {
    await this.#p?.warm.stop();
    await this.#p?.desk.stop();
    await this.#p?.volumes.stop();
    for (const stop of this.#stopping.splice(0)) await stop();
    this.#p?.sampler.flush();
    this.#problem = "stopping";
  }

  ready(): string | null {
    return this.#problem;
  }

  /** Nodes that are here, running or not; warm ones are not counted. */
  nodeCount(): number {
    return this.#p?.instances.all().filter((i) => i.stage === "claimed" && i.node !== null).length ?? 0;
  }

  /** The connection to the master on another host gives the lease, and is ended with it. */
  get lease(): LeaseHolder {
    const { custody } = this.#parts();
    return custody;
  }

  /** This host's part of /metrics, as Prometheus text. */
  metricsText(): Promise<string> {
    return this.#metrics.registry.metrics();
  }

  subscribe(listener: (report: Report) => void): () => void {
    this.#listeners.add(listener);
    if (this.#p) for (const r of this.#everything()) listener(r);
    return () => this.#listeners.delete(listener);
  }

  /** Is this the address of a node that should run here? */
  runs(address: string): boolean {
    const here = (o: VclusterOrder) => o.nodes.some((n) => n.address === address && n.desired === "running");
    return this.#p?.orders.all().some(here) ?? false;
  }

  async apply(order: VclusterOrder): Promise<void> {
    const p = this.#parts();
    const accepted = VclusterOrder.parse(order);
    p.orders.accept(accepted);
    p.custody.word(accepted);
    void p.settlement.settle(order.id);
  }

  async compare({ term, orders }: Parameters<WorkerApi["compare"]>[0]): Promise<string[]> {
    const p = this.#parts();
    // What was held while the master was away is let go by its whole word only.
    const free = orders.filter((o) => p.custody.holds(o.vcluster) === null);
    const same = p.orders.agree(term, free);
    return orders.flatMap((o) => (same.has(o.vcluster) ? [] : [o.vcluster]));
  }

  async openStream(request: StreamRequest): Promise<NodeStream> {
    const p = this.#parts();
    const i = p.instances.ofNode(request.node);
    if (i?.vcluster && p.custody.holds(i.vcluster))
      throw new DockletError("conflict", "The node is frozen: its host has lost the master.", "Wait until it is back.");
    if (!i || p.runtime.pid(i) === null)
      throw new DockletError("conflict", "The node does not run.", "Start its vcluster first.");
    return openStream(request, (argv, env) => p.containers.attach(i.id, argv, env));
  }

  async history(nodes: string[]) {
    const { sampler } = this.#parts();
    return Object.fromEntries(nodes.map((n) => [n, sampler.history(n)]));
  }

  async buildImage(request: Parameters<WorkerApi["buildImage"]>[0]): Promise<void> {
    this.#parts().desk.build(request.operation, request.recipe);
  }

  async cancelBuild(operation: string): Promise<void> {
    this.#parts().desk.cancel(operation);
  }

  async deleteImage(name: string): Promise<void> {
    const p = this.#parts();
    await p.warm.leave(name, () => p.desk.remove(name));
  }

  async setWarm(image: string, count: number): Promise<void> {
    this.#parts().warm.setWant(image, count);
  }

  async setHomeQuota(owner: string, mib: number): Promise<void> {
    await this.#parts().homes.ensure(owner, mib);
  }

  async deleteHome(owner: string): Promise<void> {
    await this.#parts().homes.remove(owner);
  }

  async share(task: SharedTask): Promise<void> {
    const p = this.#parts();
    await p.shared.do(task);
    if (await p.shared.look()) this.#report(this.#hostReport());
  }

  async layersOf(node: string): Promise<string[] | null> {
    return this.#parts().instances.ofNode(node)?.layers.map(layerAt) ?? null;
  }

  async takePicture(request: Parameters<WorkerApi["takePicture"]>[0]): Promise<{ bytes: number }> {
    return this.#parts().volumes.take(request);
  }

  async sendPicture(request: Parameters<WorkerApi["sendPicture"]>[0]): Promise<PictureSource> {
    return this.#parts().volumes.send(request);
  }

  async receivePicture(request: Parameters<WorkerApi["receivePicture"]>[0]): Promise<PictureSink> {
    return this.#parts().volumes.receive(request);
  }

  async adoptPicture(picture: Picture): Promise<void> {
    await this.#parts().volumes.adopt(picture);
  }

  async dropPictures(volume: Volume): Promise<void> {
    await this.#parts().volumes.drop(volume);
  }

  #parts() {
    if (!this.#p) throw new DockletError("unavailable", "This host is still starting.", "Try again in a moment.");
    return this.#p;
  }

  #everything(): Report[] {
    const p = this.#parts();
    return [this.#hostReport(), ...p.desk.reports(), ...p.settlement.reports(), ...p.custody.reports()];
  }

  #hostReport(): HostReport {
    const p = this.#parts();
    const problem = this.#problem ?? p.shared.problem ?? p.gauge.fullDisk();
    return p.gauge.report(p.warm.total(), p.shared.report, problem);
  }

  #tellAll(): void {
    for (const r of this.#everything()) this.#report(r);
  }

  #report(r: Report): void {
    for (const listener of this.#listeners) listener(r);
  }

  /** A network that the host joins later is as closed to nodes as those it had before; its own address may change, too. */
  async #followNetworks(p: WorkerParts, seen: HostNetwork): Promise<void> {
    const { layout, log, network } = this.#o;
    let known = seen;
    const look = async () => {
      const now = await lookAtHostNetwork(network);
      if (String(now.deny) !== String(known.deny)) await updateSets({ tag: layout.tag, deny: now.deny, dns: seen.dns });
      const moved = now.address !== known.address || now.mtu !== known.mtu;
      known = now;
      if (!moved) return;
      log.warn({ address: now.address, mtu: now.mtu }, "this host has another address: tunnels are made anew");
      p.networks.moved(now.address);
      p.gauge.moved(now.address, now.mtu);
      this.#report(this.#hostReport());
      await p.settlement.followNetworks();
    };
    const lookSafely = () =>
      void look().catch((err) => log.error({ err }, "changes of the host's networks could not be followed"));
    const watch = watchRoutes(lookSafely, (why) =>
      log.error({ why }, "changes of the host's networks are not seen until docklet restarts"),
    );
    this.#stopping.push(() => watch.stop());
    // What changed between the first look and the watch.
    await look();
  }

  /** Repeats, never twice at once; a failed round is logged and the next one comes. */
  #every(ms: number, body: () => Promise<void>): void {
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      body()
        .catch((err) => this.#o.log.warn({ err }, `background work failed: ${messageOf(err)}`))
        .finally(() => {
          busy = false;
        });
    }, ms);
    this.#stopping.push(() => clearInterval(timer));
  }
}

/** Networks whose vcluster ended while docklet was away. */
async function dropUnused(p: WorkerParts, vclusters: string[]): Promise<void> {
  for (const vcluster of vclusters) if (!p.orders.get(vcluster)) await p.networks.remove(vcluster);
}
