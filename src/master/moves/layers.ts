import type { WorkerApi } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Transfers } from "../transfers/transfers.ts";

/** Brings what a node stands on to another host, lowest layer first. What is there already costs one question each. */
export async function carryLayers(
  parts: { worker: (host: string) => WorkerApi | null; transfers: Pick<Transfers, "carry"> },
  way: { node: string; from: string; to: string },
  signal: AbortSignal,
): Promise<void> {
  const needed = (host: string): WorkerApi => {
    const worker = parts.worker(host);
    if (worker) return worker;
    throw new DockletError("unavailable", `Host ${host} is not connected.`, "It goes on when the host is back.");
  };
  const layers = await needed(way.from).layersOf(way.node);
  signal.throwIfAborted();
  // Nothing of the node is there: it never got so far. Its disk is made on the target then.
  if (layers === null) return;
  for (const id of layers.toReversed()) {
    const picture = { volume: { kind: "layer" as const, id }, name: "layer" };
    await parts.transfers.carry({ picture, parent: null, from: way.from, to: way.to }, { signal, progress: () => {} });
    await needed(way.to).adoptPicture(picture);
    signal.throwIfAborted();
  }
}
