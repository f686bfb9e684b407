import type { VclusterOrder } from "../../src/contracts/worker.ts";
import type { LeaseHolder } from "../../src/worker/lease/custody.ts";
import { FakeWorker } from "../kit/fake-worker.ts";

export interface SimHostOptions {
  name: string;
  address: string;
  /** Milliseconds between two samples of a node, and between two reports of the host; 0: none. */
  sampleMs?: number;
  /** Milliseconds that each of the steps of a node's start takes: preparing, booting, ready. */
  stepMs?: number;
}

/** What one host was asked and what it did, so that tests can count. */
export interface SimCounts {
  orders: number;
  /** Changes of any node's state. */
  changes: number;
}

/**
 * A host that is none: a worker in memory with the timing of a real one, which measures its nodes as often as a real one
 * does. It keeps no orders, so hundreds of them fit into one process.
 */
export class SimHost extends FakeWorker {
  readonly counts: SimCounts = { orders: 0, changes: 0 };
  /** It asks for its lease as often as a real one does; nothing comes of its end. */
  readonly lease: LeaseHolder = new SimLease();
  #timer: Timer | null = null;
  #begun: Timer | null = null;

  constructor(
    readonly options: SimHostOptions,
    /** Its place among the hosts, 0 to 1: they do not all measure in the same moment. */
    phase = 0,
  ) {
    super({ name: options.name, address: options.address, images: ["mini", "base"], pace: options.stepMs ?? 60 });
    const every = options.sampleMs ?? 0;
    if (every === 0) return;
    this.#begun = setTimeout(() => {
      this.#timer = setInterval(() => this.measure(), every);
      this.#timer.unref();
    }, phase * every);
    this.#begun.unref();
  }

  override async apply(order: VclusterOrder): Promise<void> {
    await super.apply(order);
    this.counts.orders++;
    this.orders.length = 0;
  }

  override step(): boolean {
    const moved = super.step();
    if (moved) this.counts.changes++;
    return moved;
  }

  /** One round of samples, and what the host as a whole uses. */
  measure(now = Date.now()): void {
    let running = 0;
    for (const n of this.nodes.values()) {
      if (n.state !== "ready") continue;
      const load = (running++ % 10) / 10;
      const sample = { at: now, cpu: load, memory: 2e8, disk: 5e8, rx: 1000 * load, tx: 500 * load, pids: 40 };
      this.tell({ type: "sample", vcluster: n.vcluster, node: n.id, sample });
    }
    const used = { cpu: running * 0.45, memory: running * 200, disk: running * 500 };
    this.host = { ...this.host, used };
    this.tell(this.host);
  }

  stop(): void {
    if (this.#begun) clearTimeout(this.#begun);
    if (this.#timer) clearInterval(this.#timer);
  }
}

class SimLease implements LeaseHolder {
  length = 0;
  connected(_asked: number, length: number): void {
    this.length = length;
  }
  renewed(_asked: number, length: number): void {
    this.length = length;
  }
  onLapse(): () => void {
    return () => {};
  }
}
