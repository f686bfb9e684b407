import type { Picture, WorkerApi } from "../../contracts/worker.ts";
import { DockletError, isDocklet } from "../../lib/errors.ts";
import { sleep } from "../../lib/retry.ts";
import { SharedWork } from "../../lib/shared-work.ts";
import type { Transfers } from "../transfers/transfers.ts";

const RETRY_MS = 1_000;

/** Of one of the layers that are brought. `index`: its place in the order in which they come, lowest first. */
export type LayerProgress = (index: number, sent: number, total: number) => void;

/** Brings layers of images to hosts that lack them. Asked for twice, each layer is brought once. */
export class Supply {
  readonly #work = new SharedWork<string, void>();

  constructor(
    private readonly parts: {
      worker: (host: string) => WorkerApi | null;
      transfers: Pick<Transfers, "carry" | "forget">;
      retryMs?: number;
    },
  ) {}

  /**
   * `ids`: topmost first, as a node stands on them. Hosts that are away are waited for; what is there already costs a
   * question. Cancelled, nothing of a layer that did not come whole is left.
   */
  async ensureLayers(
    host: string,
    ids: readonly string[],
    from: string,
    signal: AbortSignal,
    progress: LayerProgress = () => {},
  ): Promise<void> {
    for (const [index, id] of ids.toReversed().entries()) {
      const picture: Picture = { volume: { kind: "layer", id }, name: "layer" };
      await this.#work.run(`${host} ${id}`, signal, (shared) =>
        this.#bring(picture, from, host, shared, (sent, total) => progress(index, sent, total)),
      );
    }
  }

  async #bring(
    picture: Picture,
    from: string,
    to: string,
    signal: AbortSignal,
    progress: (sent: number, total: number) => void,
  ): Promise<void> {
    const { transfers, worker } = this.parts;
    try {
      for (;;) {
        try {
          await transfers.carry({ picture, parent: null, from, to }, { signal, progress });
          const target = worker(to);
          if (!target) throw new DockletError("unavailable", `Host ${to} is not connected.`);
          return await target.adoptPicture(picture);
        } catch (e) {
          if (signal.aborted || !isDocklet(e, "unavailable")) throw e;
          await sleep(this.parts.retryMs ?? RETRY_MS, signal);
        }
      }
    } catch (e) {
      // A master that stops goes on later, with what has arrived.
      if (signal.aborted && !isDocklet(signal.reason, "unavailable")) await transfers.forget(picture.volume, [to]);
      throw e;
    }
  }
}
