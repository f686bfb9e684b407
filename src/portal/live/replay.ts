import type { QueryClient } from "@tanstack/react-query";
import type { StreamFrame } from "../../contracts/public/index.ts";

const KEPT_MS = 30_000;
const KEPT_FRAMES = 2000;

/**
 * An answer that was on its way while a frame arrived is older than the frame, and would undo it in the cache.
 * So the frames of the last moments are kept, and applied again after each answer that was asked before them.
 */
export class Replay {
  readonly #frames: { at: number; frame: StreamFrame }[] = [];
  readonly #asked = new Map<string, number>();
  readonly #leave: () => void;

  constructor(
    cache: QueryClient,
    readonly apply: (frame: StreamFrame) => void,
    readonly now: () => number = () => performance.now(),
  ) {
    this.#leave = cache.getQueryCache().subscribe((e) => {
      if (e.type !== "updated") return;
      const { action, query } = e;
      if (action.type === "fetch") this.#asked.set(query.queryHash, this.now());
      else if (action.type === "error") this.#asked.delete(query.queryHash);
      else if (action.type === "success" && !action.manual) {
        const since = this.#asked.get(query.queryHash);
        this.#asked.delete(query.queryHash);
        if (since !== undefined) this.#again(since);
      }
    });
  }

  take(frame: StreamFrame): void {
    this.apply(frame);
    if (frame.type === "hello" || frame.type === "me") return;
    const at = this.now();
    this.#frames.push({ at, frame });
    while (this.#frames.length > KEPT_FRAMES || (this.#frames[0]?.at ?? at) < at - KEPT_MS) this.#frames.shift();
  }

  stop(): void {
    this.#leave();
  }

  #again(since: number): void {
    for (const { at, frame } of this.#frames) if (at >= since) this.apply(frame);
  }
}
