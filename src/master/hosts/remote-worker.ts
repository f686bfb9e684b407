import type { z } from "zod";
import type { Recipe, Sample } from "../../contracts/public/index.ts";
import {
  CompareAnswer,
  HistoryAnswer,
  LayersAnswer,
  NOTICE,
  type ParamsOf,
  PictureAnswer,
  type ToWorker,
} from "../../contracts/uplink.ts";
import type {
  NodeStream,
  OrderMark,
  Picture,
  PictureSink,
  PictureSource,
  Report,
  SharedTask,
  StreamRequest,
  VclusterOrder,
  Volume,
  WorkerApi,
} from "../../contracts/worker.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { DockletError } from "../../lib/errors.ts";
import { openPictureSink, openPictureSource } from "./remote-pictures.ts";
import { openRemoteStream } from "./remote-stream.ts";

/** Nodes whose history is asked for in one message: an hour of one of them is some 80 kB. */
const HISTORY_BATCH = 16;

/**
 * A worker on another host, over its connection: the master can't tell it from one in its own process. The
 * connection's owner hands in the notices that arrive, beginning with those that come before anybody listens.
 */
export class RemoteWorker implements WorkerApi {
  #listener: ((report: Report) => void) | null = null;
  /** What the host said before anybody listened; null: somebody did, once. */
  #early: Report[] | null = [];

  constructor(readonly channel: Channel) {}

  /** Asks for the whole state. Resolves when it has arrived: whoever subscribes then gets it at once. */
  async prime(): Promise<void> {
    await this.#ask("subscribe", null);
  }

  /** A notice of the host. Whether it makes sense, the listener decides. */
  notice(topic: string, body: unknown): void {
    if (topic !== NOTICE.report) return;
    if (this.#listener) this.#listener(body as Report);
    else this.#early?.push(body as Report);
  }

  subscribe(listener: (report: Report) => void): () => void {
    this.#listener = listener;
    const early = this.#early;
    this.#early = null;
    if (early) for (const report of early) listener(report);
    // Who comes later gets the whole state as well: it is told again. A connection that is gone tells by itself.
    else void this.prime().catch(() => {});
    return () => {
      if (this.#listener === listener) this.#listener = null;
    };
  }

  async apply(order: VclusterOrder): Promise<void> {
    await this.#ask("apply", { order });
  }

  async compare(request: { term: number; orders: OrderMark[] }): Promise<string[]> {
    return sensible(CompareAnswer, await this.#ask("compare", request), "compare");
  }

  openStream(request: StreamRequest): Promise<NodeStream> {
    return openRemoteStream(this.channel, request);
  }

  async history(nodes: string[]): Promise<Record<string, Sample[]>> {
    const all: Record<string, Sample[]> = {};
    for (let at = 0; at < nodes.length; at += HISTORY_BATCH) {
      const answer = await this.#ask("history", { nodes: nodes.slice(at, at + HISTORY_BATCH) });
      Object.assign(all, sensible(HistoryAnswer, answer, "history"));
    }
    return all;
  }

  async buildImage(request: { operation: string; recipe: Recipe }): Promise<void> {
    await this.#ask("buildImage", request);
  }

  async cancelBuild(operation: string): Promise<void> {
    await this.#ask("cancelBuild", { operation });
  }

  async deleteImage(name: string): Promise<void> {
    await this.#ask("deleteImage", { name });
  }

  async setWarm(image: string, count: number): Promise<void> {
    await this.#ask("setWarm", { image, count });
  }

  async setHomeQuota(owner: string, mib: number): Promise<void> {
    await this.#ask("setHomeQuota", { owner, mib });
  }

  async deleteHome(owner: string): Promise<void> {
    await this.#ask("deleteHome", { owner });
  }

  async layersOf(node: string): Promise<string[] | null> {
    return sensible(LayersAnswer, await this.#ask("layersOf", { node }), "layersOf");
  }

  async takePicture(request: { picture: Picture; parent: string | null }): Promise<{ bytes: number }> {
    return sensible(PictureAnswer, await this.#ask("takePicture", request), "takePicture");
  }

  sendPicture(request: { picture: Picture; parent: string | null; offset: number }): Promise<PictureSource> {
    return openPictureSource(this.channel, request);
  }

  receivePicture(request: { picture: Picture; parent: string | null }): Promise<PictureSink> {
    return openPictureSink(this.channel, request);
  }

  async adoptPicture(picture: Picture): Promise<void> {
    await this.#ask("adoptPicture", { picture });
  }

  async dropPictures(volume: Volume): Promise<void> {
    await this.#ask("dropPictures", { volume });
  }

  async share(task: SharedTask): Promise<void> {
    await this.#ask("share", { task });
  }

  #ask<M extends ToWorker>(method: M, params: ParamsOf<M>): Promise<unknown> {
    return this.channel.call(method, params);
  }
}

/** What a worker answers is checked like anything else that comes from outside. */
function sensible<T extends z.ZodType>(schema: T, value: unknown, method: string): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DockletError(
    "unavailable",
    `The host's answer to ${method} makes no sense.`,
    "If it stays so, upgrade docklet on that host.",
    { issues: parsed.error.issues.slice(0, 3) },
  );
}
