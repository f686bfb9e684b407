import { Gauge, Histogram, Registry } from "prom-client";
import type { Instances } from "../nodes/instances.ts";
import type { WarmPool } from "../nodes/warm-pool.ts";

/** What /metrics tells of this host's nodes. */
export class NodeMetrics {
  readonly registry = new Registry();
  readonly #ready = new Histogram({
    name: "docklet_node_ready_seconds",
    help: "From an order to a node that answers, by whether it was taken from the warm pool.",
    labelNames: ["warm"],
    buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60],
    registers: [this.registry],
  });

  /** Tells the gauges where to look; they are read when somebody asks for /metrics. */
  watch(instances: Instances, warm: WarmPool, images: () => string[]): void {
    const registers = [this.registry];
    new Gauge({
      name: "docklet_containers",
      help: "Containers of this host, by stage: filling, warm, claimed, dying.",
      labelNames: ["stage"],
      registers,
      collect() {
        this.reset();
        for (const i of instances.all()) this.inc({ stage: i.stage });
      },
    });
    new Gauge({
      name: "docklet_warm_nodes",
      help: "Warm nodes there are, by image.",
      labelNames: ["image"],
      registers,
      collect() {
        this.reset();
        for (const image of images()) this.set({ image }, warm.have(image));
      },
    });
    new Gauge({
      name: "docklet_warm_nodes_wanted",
      help: "Warm nodes there should be, by image.",
      labelNames: ["image"],
      registers,
      collect() {
        this.reset();
        for (const image of images()) this.set({ image }, warm.want(image));
      },
    });
  }

  becameReady(milliseconds: number, warm: boolean): void {
    this.#ready.observe({ warm: String(warm) }, milliseconds / 1000);
  }
}
