import type { NodeReport, NodeStream, Report, VclusterOrder, WorkerApi } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";

/**
 * Stands in for a host that was removed while nodes were placed on it. They are gone with the host, and say so;
 * deleting them is the one order that it can carry out.
 */
export class RemovedHost implements WorkerApi {
  #listener: (report: Report) => void = () => {};

  constructor(readonly name: string) {}

  subscribe(listener: (report: Report) => void): () => void {
    this.#listener = listener;
    return () => {
      this.#listener = () => {};
    };
  }

  async apply(order: VclusterOrder): Promise<void> {
    for (const node of order.nodes) this.#listener(this.#report(order, node.id, node.desired === "gone"));
  }

  async compare({ orders }: Parameters<WorkerApi["compare"]>[0]): Promise<string[]> {
    return orders.map((o) => o.vcluster);
  }

  openStream(): Promise<NodeStream> {
    return this.#never();
  }
  async history() {
    return {};
  }
  buildImage(): Promise<void> {
    return this.#never();
  }
  async cancelBuild(): Promise<void> {}
  async deleteImage(): Promise<void> {}
  async setWarm(): Promise<void> {}
  async setHomeQuota(): Promise<void> {}
  async deleteHome(): Promise<void> {}
  async layersOf(): Promise<null> {
    return null;
  }
  takePicture(): Promise<never> {
    return this.#never();
  }
  sendPicture(): Promise<never> {
    return this.#never();
  }
  receivePicture(): Promise<never> {
    return this.#never();
  }
  adoptPicture(): Promise<never> {
    return this.#never();
  }
  /** They are gone with the host. */
  async dropPictures(): Promise<void> {}
  share(): Promise<void> {
    return this.#never();
  }

  #report(order: VclusterOrder, id: string, gone: boolean): NodeReport {
    return {
      type: "node",
      id,
      vcluster: order.id,
      generation: order.generation,
      state: gone ? "gone" : "failed",
      reason: gone ? null : `its host ${this.name} was removed`,
      slug: null,
      jupyterToken: null,
      warm: false,
      bootedAt: null,
    };
  }

  #never(): Promise<never> {
    return Promise.reject(
      new DockletError("gone", `The host ${this.name} was removed.`, "Delete the vclusters that were on it."),
    );
  }
}
