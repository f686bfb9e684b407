import { DEFAULT_SIZE } from "../../contracts/public/index.ts";
import type { NodeSpec, VclusterOrder } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";
import { Semaphore } from "../../lib/mutex.ts";
import { allEnded, until } from "../../lib/retry.ts";
import type { Cgroups, Limits } from "../../os/cgroup/cgroup.ts";
import type { Clock } from "../../os/clock.ts";
import { setHostnameOf } from "../../os/namespaces.ts";
import { cpuCount } from "../../os/procfs.ts";
import { type Layout, personBase, rangeBase } from "../layout.ts";
import type { Containers } from "../lxc/container.ts";
import type { Attachments } from "../network/attachment.ts";
import type { HomeSlots } from "../rootfs/home-slot.ts";
import type { Rootfs } from "../rootfs/rootfs.ts";
import type { Identity } from "./identity.ts";
import type { Instance, Instances } from "./instances.ts";

/** What the runtime must know of an image. */
export interface ImageFacts {
  layers: string[];
  init: "systemd" | "simple";
  ready: "init" | "ssh" | "jupyter";
}

export interface ImageSource {
  facts(name: string): ImageFacts | null;
  /** docklet's own layer, always on top. */
  dockletLayer(): Promise<string>;
}

/** A warm node's limits: below the smallest plan, because memory can only be taken away while it is unused. */
const WARM_LIMITS: Limits = { cpu: 1, memory: 256, pids: 512, shares: 64 };
const WORKING_SHARES = 1024;
/** Processes of one node; the classic docklet's cap. */
const PIDS = 4096;
const GRACE_MS = 8_000;
/** Claims and starts that people wait for go first. */
export const PRIORITY = { person: 0, warm: 10 };

/**
 * The two halves of a node's life. `boot` makes a running container that belongs to nobody; `bind` gives it an
 * owner from outside. A cold start is both in a row, a warm start is the second alone.
 */
export class Runtime {
  readonly #boots: Semaphore;
  /** MiB last set, to spare a btrfs command when nothing changed. */
  readonly #disk = new Map<string, number>();
  readonly #limits = new Map<string, string>();

  constructor(
    private readonly parts: {
      layout: Layout;
      cgroups: Cgroups;
      containers: Containers;
      rootfs: Rootfs;
      slots: HomeSlots;
      attachments: Attachments;
      identity: Identity;
      instances: Instances;
      images: ImageSource;
      clock: Clock;
    },
  ) {
    // More boots at once than cores only make each of them slower.
    this.#boots = new Semaphore(Math.max(2, cpuCount()));
  }

  pid(i: Instance): number | null {
    return this.parts.containers.initPid(i.id);
  }

  /** Neither its init nor its monitor is left. While a node reboots itself it has no init, but a monitor. */
  isOver(i: Instance): boolean {
    return this.pid(i) === null && this.parts.containers.monitorPid(i.id) === null;
  }

  /** Host pid of its init, waiting for it while the node starts or reboots itself; null: it is over. */
  async pidSoon(i: Instance): Promise<number | null> {
    const look = () => {
      const pid = this.pid(i);
      return pid !== null ? { pid } : this.isOver(i) ? { pid: null } : null;
    };
    const found = await until(`init of ${i.id}`, look, { timeoutMs: 5_000, firstMs: 2, maxMs: 20 }).catch(() => null);
    return found?.pid ?? null;
  }

  /** Disk, mounts, limits, container. Each step looks first, so calling it on a half-made instance finishes it. */
  async boot(i: Instance, order: { spec: NodeSpec; order: VclusterOrder } | null, priority: number): Promise<number> {
    const { layout, cgroups, containers, identity, images } = this.parts;
    const running = this.pid(i);
    if (running !== null) return running;
    return this.#boots.run(async () => {
      const shared = order?.order.owner.shared;
      // All on its disk is stored from 0 on: a node may have other ids at every start.
      const base = shared ? personBase(shared.range) : rangeBase(layout.tag, i.range);
      await this.#mount(i, [await images.dockletLayer(), ...i.layers], base);
      identity.writeBirth(i);
      if (order) identity.writeOrder(i, order.spec, order.order);
      cgroups.create(layout.cgroup(i.id));
      this.#limit(i, order ? limitsOf(order.spec) : WARM_LIMITS);
      // Beside the start, which waits for LXC most of the time. A warm node gets what nearly everybody asks for.
      const limited = this.#limitDisk(i.id, order?.spec.size.disk ?? DEFAULT_SIZE.disk);
      limited.catch(() => {});
      const pid = await containers.start({
        id: i.id,
        idBase: base,
        hostname: order?.spec.name ?? "node",
        init: images.facts(i.image)?.init ?? "systemd",
        mac:
          order?.spec.mac ??
          `02:00:00:${i.id.charCodeAt(1).toString(16)}:${i.id.charCodeAt(2).toString(16)}:${i.id.charCodeAt(3).toString(16)}`,
      });
      await limited;
      this.parts.instances.setBooted(i.id, this.parts.clock.now());
      return pid;
    }, priority);
  }

  /** Makes a running instance this node of this vcluster. Doing it again changes only what differs. */
  async bind(i: Instance, pid: number, spec: NodeSpec, order: VclusterOrder): Promise<void> {
    try {
      await this.#bindTo(i, pid, spec, order);
    } catch (e) {
      // Init may be anything that its owner made of it, also something that ends or reboots at once.
      if (!(await this.parts.containers.ends(i.id, pid))) throw e;
      throw new DockletError(
        "unavailable",
        "The node ended while it was booting.",
        "Its init does not last. Start it again; if it stays so, delete it and make a new one.",
        undefined,
        e,
      );
    }
  }

  async #bindTo(i: Instance, pid: number, spec: NodeSpec, order: VclusterOrder): Promise<void> {
    const { slots, attachments, identity } = this.parts;
    this.#limit(i, limitsOf(spec));
    identity.writeOrder(i, spec, order);
    setHostnameOf(pid, spec.name);
    const home = slots.show(i.id, pid, order.owner, order.name);
    // Nobody gets in before ~/nfs is there to be written to: a person's first click waits until their folder is made.
    const plug = () => attachments.plug(i.id, pid, spec, order);
    const network = slots.isAtHand(order.owner) ? plug() : home.then(plug);
    await allEnded([home, network, this.#limitDisk(i.id, spec.size.disk)]);
  }

  /** Stops all its processes where they are, or lets them go on. Does nothing where that is so already. */
  freeze(i: Instance, frozen: boolean): void {
    const { layout, cgroups } = this.parts;
    if (this.isFrozen(i) !== frozen) cgroups.freeze(layout.cgroup(i.id), frozen);
  }

  isFrozen(i: Instance): boolean {
    return this.parts.cgroups.isFrozen(this.parts.layout.cgroup(i.id));
  }

  /** Ends it, gently where `graceful`, and takes its mounts away. The disk stays. */
  async stop(i: Instance, graceful: boolean): Promise<void> {
    const { layout, cgroups, containers, rootfs, slots, attachments, images } = this.parts;
    // One that is frozen can't halt by itself.
    if (graceful) this.freeze(i, false);
    // From here on it has other limits, or none.
    this.#limits.delete(i.id);
    await containers.stop(i.id, images.facts(i.image)?.init ?? "systemd", graceful ? GRACE_MS : 0);
    await attachments.forget(i.id);
    rootfs.unmount(i.id);
    slots.forget(i.id);
    for (const group of [layout.cgroup(i.id), `${layout.monitorRoot}/${i.id}`]) await removeGroup(cgroups, group);
  }

  /** Removes all there is of it; its row goes last. */
  async destroy(i: Instance): Promise<void> {
    if (i.stage !== "dying") this.parts.instances.setStage(i.id, "dying");
    await this.stop(i, false);
    await this.parts.rootfs.deleteDisk(i.id);
    this.#disk.delete(i.id);
    this.parts.instances.remove(i.id);
  }

  /**
   * A disk that is full to its limit has no room for the little that a mount writes: it gets that above its limit,
   * and the limit again when the node starts.
   */
  async #mount(i: Instance, lowers: string[], idBase: number): Promise<void> {
    const { rootfs } = this.parts;
    try {
      await rootfs.mount(i.id, lowers, idBase);
    } catch (e) {
      if (!(await rootfs.isFull(i.id))) throw e;
      this.#disk.delete(i.id);
      rootfs.unmount(i.id);
      await rootfs.limit(i.id, null);
      await rootfs.mount(i.id, lowers, idBase);
    }
  }

  async #limitDisk(id: string, mib: number): Promise<void> {
    if (this.#disk.get(id) === mib) return;
    await this.parts.rootfs.limit(id, mib);
    this.#disk.set(id, mib);
  }

  /** Background work of a node that nobody waits for must never slow one that somebody does. */
  #limit(i: Instance, limits: Limits): void {
    const key = JSON.stringify(limits);
    if (this.#limits.get(i.id) === key) return;
    this.parts.cgroups.limit(this.parts.layout.cgroup(i.id), limits);
    this.#limits.set(i.id, key);
  }
}

/** A process that is just ending still counts for a moment in one of the trees of cgroup v1. */
async function removeGroup(cgroups: Cgroups, path: string): Promise<void> {
  await until(
    `cgroup ${path} to become empty`,
    () => {
      try {
        cgroups.remove(path);
        return true;
      } catch (e) {
        if ((e as { code?: string }).code === "EBUSY") return false;
        throw e;
      }
    },
    { timeoutMs: 5_000, firstMs: 2, maxMs: 50 },
  );
}

const limitsOf = (spec: NodeSpec): Limits => ({
  cpu: spec.size.cpu,
  memory: spec.size.memory,
  pids: PIDS,
  shares: WORKING_SHARES,
});
