import type { NodeReport, NodeSpec, VclusterOrder } from "../../contracts/worker.ts";
import { DockletError, isDocklet, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { KeyedMutex } from "../../lib/mutex.ts";
import type { Clock } from "../../os/clock.ts";
import type { Custody } from "../lease/custody.ts";
import type { Runs } from "../lease/runs.ts";
import type { NodeMetrics } from "../metrics/exposition.ts";
import type { Networks } from "../network/networks.ts";
import type { WaitingDisks } from "../volumes/waiting-disks.ts";
import type { Instance, Instances } from "./instances.ts";
import { birth } from "./keys.ts";
import type { Orders } from "./orders.ts";
import { listens, type ReadyWhen, waitAnswering, waitListening } from "./readiness.ts";
import { type ImageSource, PRIORITY, type Runtime } from "./runtime.ts";
import type { WarmPool } from "./warm-pool.ts";

interface Status {
  state: NodeReport["state"];
  reason: string | null;
  generation: number;
}

/** A node may halt by itself when the lease has just ended: the master waits for longer than that. ms */
const HALT_WITHIN_MS = 1_500;

/** What people read of a node that is held because its host has no lease. */
const HELD = {
  freeze: "its host lost the master: it is frozen until the master is back",
  stop: "its host lost the master",
};

const overtaken = () => new DockletError("cancelled", "A newer order wants something else of this node.");

/**
 * Makes every node what the newest order says: observe, compare, apply, report. Creating, recovering after a
 * power cut, repairing and deleting are this one path. One node is settled by one caller at a time.
 */
export class Settlement {
  readonly #mutex = new KeyedMutex<string>();
  readonly #status = new Map<string, Status>();
  /** What a node waits for is given up as soon as a newer order wants something else of it. */
  readonly #waits = new Map<string, AbortController>();

  constructor(
    private readonly parts: {
      orders: Orders;
      instances: Instances;
      runtime: Runtime;
      warm: WarmPool;
      images: ImageSource;
      networks: Networks;
      metrics: NodeMetrics;
      /** Gives a node the disk that came for it from another host. */
      disks: Pick<WaitingDisks, "claim">;
      custody: Pick<Custody, "holds" | "endedSince" | "forget" | "write">;
      runs: Runs;
      clock: Clock;
      log: Logger;
      report: (r: NodeReport) => void;
    },
  ) {}

  /** Everything that is known of every ordered node, for someone who starts to listen. */
  reports(): NodeReport[] {
    return this.parts.orders.all().flatMap((o) => o.nodes.map((n) => this.#reportOf(n, o)));
  }

  async settleAll(): Promise<void> {
    await Promise.all(this.parts.orders.all().map((o) => this.settle(o.id)));
  }

  /** Never rejects: what goes wrong with a node is in its report. */
  async settle(vcluster: string): Promise<void> {
    const order = this.parts.orders.get(vcluster);
    if (!order) return;
    const held = this.parts.custody.holds(vcluster) !== null;
    for (const spec of order.nodes)
      if (held || spec.desired !== "running") this.#waits.get(spec.id)?.abort(overtaken());
    await this.#followNetwork(vcluster);
    await Promise.all(order.nodes.map((n) => this.#mutex.run(n.id, () => this.#settleNode(vcluster, n.id))));
    try {
      await this.#finishIfEmpty(vcluster);
    } catch (err) {
      this.parts.log.error({ err, vcluster }, "the remains of a vcluster could not be cleared away");
    }
  }

  /** Networks that could not be brought up to their order get another try. */
  async followNetworks(): Promise<void> {
    for (const o of this.parts.orders.all()) await this.#followNetwork(o.id);
  }

  /** Nodes here go on without those that could not be reached; whoever runs the host reads why. */
  async #followNetwork(vcluster: string): Promise<void> {
    try {
      await this.parts.networks.follow(vcluster);
    } catch (err) {
      this.parts.log.error({ err, vcluster }, "the network to nodes on other hosts could not be set up");
    }
  }

  /** LXC says that a container came up by itself: a reboot inside the node. */
  cameUp(id: string): void {
    const i = this.parts.instances.get(id);
    if (i?.node && i.vcluster && !this.#mutex.busy(i.node)) void this.settle(i.vcluster);
  }

  /** LXC says that a container is over. If nobody ordered that, the person hears of it. */
  wentDown(id: string): void {
    const i = this.parts.instances.get(id);
    if (!i?.node || i.stage === "dying") return;
    const { node } = i;
    void this.#mutex.run(node, async () => {
      const found = this.#find(i.vcluster!, node);
      const state = this.#status.get(node)?.state;
      if (!found || this.parts.runtime.pid(i) !== null || state === "stopped" || state === "failed") return;
      await this.#clearAway(node);
      if (found.spec.desired === "running")
        this.#set(
          found.spec,
          found.order,
          "stopped",
          "It was shut down from inside, or ran out of memory. Start it again when you need it.",
        );
    });
  }

  #find(vcluster: string, node: string): { order: VclusterOrder; spec: NodeSpec } | null {
    const order = this.parts.orders.get(vcluster);
    const spec = order?.nodes.find((n) => n.id === node);
    return order && spec ? { order, spec } : null;
  }

  async #settleNode(vcluster: string, node: string): Promise<void> {
    // Read again inside the lock: the order may have changed while we waited for our turn.
    const found = this.#find(vcluster, node);
    if (!found) return;
    const { order, spec } = found;
    try {
      this.parts.disks.claim(node, vcluster);
      const held = spec.desired === "running" ? this.parts.custody.holds(vcluster) : null;
      if (held) await this.#hold(order, spec, held);
      else if (spec.desired === "running") await this.#run(order, spec);
      else if (spec.desired === "stopped") await this.#stop(order, spec);
      else await this.#remove(order, spec);
    } catch (e) {
      if (isDocklet(e, "cancelled") || this.#find(vcluster, node)?.spec.desired !== spec.desired) return;
      this.parts.log.warn({ err: e, node, vcluster }, "node could not be settled");
      await this.#clearAway(node);
      this.#set(spec, order, "failed", messageOf(e));
    }
  }

  /** Half a start, or what is left of a node that ended: its mounts and processes go, its disk stays for the next try. */
  async #clearAway(node: string): Promise<void> {
    const i = this.parts.instances.ofNode(node);
    if (!i) return;
    try {
      await this.parts.runtime.stop(i, false);
      const order = i.vcluster === null ? undefined : this.parts.orders.get(i.vcluster);
      if (order) this.parts.runs.ended(node, order);
    } catch (err) {
      this.parts.log.error({ err, node }, "the remains of a node could not be cleared away");
    }
  }

  async #run(order: VclusterOrder, spec: NodeSpec, tries = 5): Promise<void> {
    const { runtime, images, log, runs } = this.parts;
    const image = images.facts(order.image);
    let i = this.parts.instances.ofNode(spec.id);
    const began = performance.now();
    const claimed = i === undefined;
    if (!i) {
      if (!image)
        throw new DockletError(
          "not_found",
          `Image ${order.image} is not on this host.`,
          `Build it first: docklet image build ${order.image}`,
        );
      const claim = (w: Instance) =>
        this.parts.instances.claim(w.id, spec.id, order.id, (tx) => runs.startIn(tx, spec.id, order));
      // A warm node has ids of its own; with a shared data folder it needs those of the person.
      const warm = order.owner.shared === null ? this.parts.warm.take(order.image, claim) : null;
      i = warm ?? this.#create(order, spec, image.layers);
    }
    if (order.onHostLoss.nodes !== "keep") this.parts.custody.write();
    let pid = await runtime.pidSoon(i);
    if (pid !== null) {
      runtime.freeze(i, false);
      runs.thawed(spec.id, order);
      runs.started(spec.id, order);
    }
    const ready = image?.ready ?? "init";
    // After a restart of docklet nothing is known of a node, but what it serves can be seen.
    const before = this.#status.get(spec.id)?.state;
    const wasReady = pid !== null && (before === "ready" || (before === undefined && !claimed && listens(pid, ready)));
    if (pid === null) {
      this.#set(spec, order, "preparing", null);
      // Remains of a life before a crash or a reboot of the host would be in the way of the next.
      await runtime.stop(i, false);
      if (!claimed) runs.ended(spec.id, order);
      runs.started(spec.id, order);
      pid = await runtime.boot(i, { spec, order }, PRIORITY.person);
    }
    if (!wasReady) this.#set(spec, order, "booting", null);
    try {
      await runtime.bind(i, pid, spec, order);
    } catch (e) {
      // It rebooted itself under our hands: the init that we spoke to is not there any more.
      const now = await runtime.pidSoon(i);
      if (tries > 1 && now !== null && now !== pid) return this.#run(order, spec, tries - 1);
      throw e;
    }
    if (!wasReady) await this.#waitReady(i, ready, spec, order);
    this.#set(spec, order, "ready", null);
    if (wasReady) return;
    const ms = performance.now() - began;
    this.parts.metrics.becameReady(ms, i.warm && claimed);
    log.debug({ node: spec.id, warm: i.warm, ms: Math.round(ms) }, "node ready");
  }

  #create(order: VclusterOrder, spec: NodeSpec, layers: string[]): Instance {
    return this.parts.instances.add(
      { ...birth(), node: spec.id, vcluster: order.id, image: order.image, layers, stage: "claimed" },
      this.parts.clock.now(),
      (tx) => this.parts.runs.startIn(tx, spec.id, order),
    );
  }

  async #waitReady(i: Instance, when: ReadyWhen, spec: NodeSpec, order: VclusterOrder): Promise<void> {
    // The newer order may have come while the node booted, when there was no wait to give up yet.
    if (this.#find(order.id, spec.id)?.spec.desired !== "running" || this.parts.custody.holds(order.id))
      throw overtaken();
    const wait = new AbortController();
    this.#waits.set(spec.id, wait);
    try {
      await waitListening(i, when, () => this.parts.runtime.pidSoon(i), wait.signal);
      if (when === "jupyter") await waitAnswering(i, spec.address, wait.signal);
    } finally {
      this.#waits.delete(spec.id);
    }
  }

  /** Its host has no lease any more, and this is what its owner wants then. Nothing of it runs when this returns. */
  async #hold(order: VclusterOrder, spec: NodeSpec, how: "freeze" | "stop"): Promise<void> {
    const { runtime, runs, custody } = this.parts;
    const i = this.parts.instances.ofNode(spec.id);
    const running = i && runtime.pid(i) !== null;
    if (i && running && how === "freeze") {
      runtime.freeze(i, true);
      runs.frozen(spec.id, order);
    } else if (i) {
      // Later on, or once the keeper has frozen it, it may run elsewhere: then it ends where it stands.
      if (running) await runtime.stop(i, !runtime.isFrozen(i) && custody.endedSince() < HALT_WITHIN_MS);
      runs.ended(spec.id, order);
    }
    this.#set(spec, order, "stopped", HELD[how]);
  }

  async #stop(order: VclusterOrder, spec: NodeSpec): Promise<void> {
    const i = this.parts.instances.ofNode(spec.id);
    const running = i !== undefined && this.parts.runtime.pid(i) !== null;
    if (i && (running || this.#status.get(spec.id)?.state !== "stopped")) {
      if (running) this.#set(spec, order, "stopping", null);
      await this.parts.runtime.stop(i, this.parts.custody.holds(order.id) === null);
    }
    this.parts.runs.ended(spec.id, order);
    this.#set(spec, order, "stopped", null);
  }

  async #remove(order: VclusterOrder, spec: NodeSpec): Promise<void> {
    const i = this.parts.instances.ofNode(spec.id);
    if (i) {
      this.#set(spec, order, "deleting", null);
      await this.parts.runtime.destroy(i);
      this.parts.runs.deleted(spec.id, order);
    }
    this.#set(spec, order, "gone", null);
  }

  async #finishIfEmpty(vcluster: string): Promise<void> {
    const order = this.parts.orders.get(vcluster);
    if (!order || order.nodes.some((n) => n.desired !== "gone") || this.parts.networks.isGatewayOf(order)) return;
    if (this.parts.instances.inVcluster(vcluster).length > 0) return;
    await this.parts.networks.remove(vcluster);
    // A newer order that came meanwhile must not be forgotten.
    if (this.parts.orders.get(vcluster) !== order) return;
    this.parts.orders.finish(vcluster);
    this.parts.custody.forget(vcluster);
    for (const n of order.nodes) this.#status.delete(n.id);
  }

  #set(spec: NodeSpec, order: VclusterOrder, state: NodeReport["state"], reason: string | null): void {
    const before = this.#status.get(spec.id);
    this.#status.set(spec.id, { state, reason, generation: order.generation });
    if (before?.state === state && before.reason === reason && before.generation === order.generation) return;
    this.parts.report(this.#reportOf(spec, order));
  }

  /** Before the first look: a node that runs was ready when docklet ended, as far as anybody knows. */
  #assumed(i: Instance | undefined, spec: NodeSpec, order: VclusterOrder): NodeReport["state"] {
    if (spec.desired === "running" && this.parts.custody.holds(order.id)) return "stopped";
    return i && this.parts.runtime.pid(i) !== null ? "ready" : "pending";
  }

  #reportOf(spec: NodeSpec, order: VclusterOrder): NodeReport {
    const s = this.#status.get(spec.id);
    const i = this.parts.instances.ofNode(spec.id);
    return {
      type: "node",
      id: spec.id,
      vcluster: order.id,
      generation: s?.generation ?? order.generation,
      state: s?.state ?? this.#assumed(i, spec, order),
      reason: s?.reason ?? null,
      slug: i?.slug ?? null,
      jupyterToken: i?.jupyterToken ?? null,
      warm: i?.warm ?? false,
      bootedAt: i?.bootedAt ?? null,
    };
  }
}
