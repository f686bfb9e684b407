import type { Picture, PictureSink, PictureSource, Volume, WorkerApi } from "../../contracts/worker.ts";
import { DockletError, isDocklet, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { KeyedMutex, Semaphore } from "../../lib/mutex.ts";
import { sleep } from "../../lib/retry.ts";
import { SharedWork } from "../../lib/shared-work.ts";

/** Pictures that one host sends, and that one host takes, at once: more would only make each of them slower. */
const AT_ONCE = 2;
/** Pauses between tries while a host is away. */
export interface TransferPace {
  firstMs: number;
  maxMs: number;
}
const PACE: TransferPace = { firstMs: 200, maxMs: 5_000 };

/** A picture on its way. `parent`: an older picture of the volume, which both hosts have. */
export interface Transfer {
  picture: Picture;
  parent: string | null;
  from: string;
  to: string;
}

export interface Watch {
  signal: AbortSignal;
  /** Bytes. `total` is an estimate until all have been sent. */
  progress(sent: number, total: number): void;
}

/**
 * Pictures of volumes travel from one host to another through the master, which holds no more of them than fits into
 * the windows of two streams. A lost connection is waited for, and only the rest is sent; what arrived damaged is sent
 * once more.
 */
export class Transfers {
  readonly #work = new SharedWork<string, { bytes: number }>();
  readonly #watchers = new Map<string, Set<Watch["progress"]>>();
  /** What comes to one host of one volume comes one after another. */
  readonly #lanes = new KeyedMutex<string>();
  readonly #sending = new Map<string, Semaphore>();
  readonly #taking = new Map<string, Semaphore>();

  constructor(
    private readonly parts: {
      /** null: not connected now. Throws when there is no such host any more. */
      worker: (host: string) => WorkerApi | null;
      log: Logger;
      pace?: Partial<TransferPace>;
    },
  ) {}

  /**
   * Takes the picture and brings it to the other host, where it then is whole; to adopt it is the next step. Asked for
   * twice, it is done once. Throws `conflict` when it arrived damaged twice, and whatever the hosts say for good; when
   * it is cancelled, what has arrived stays for another try until `forget`.
   */
  async carry(t: Transfer, watch: Watch): Promise<{ bytes: number }> {
    const key = JSON.stringify([t.picture.volume.kind, t.picture.volume.id, t.picture.name, t.parent, t.from, t.to]);
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers);
    const progress: Watch["progress"] = (sent, total) => watch.progress(sent, total);
    watchers.add(progress);
    try {
      const lane = `${t.to} ${t.picture.volume.kind} ${t.picture.volume.id}`;
      const alone = <T>(body: () => Promise<T>) => this.#lanes.run(lane, body);
      const taking = place(this.#taking, t.to);
      const sending = place(this.#sending, t.from);
      return await this.#work.run(key, watch.signal, (signal) =>
        inTurn(alone, signal, () =>
          inTurn(
            (body) => taking.run(() => sending.run(body)),
            signal,
            () =>
              this.#carry(t, {
                signal,
                progress: (sent, total) => {
                  for (const tell of watchers) tell(sent, total);
                },
              }),
          ),
        ),
      );
    } finally {
      watchers.delete(progress);
      if (watchers.size === 0 && this.#watchers.get(key) === watchers) this.#watchers.delete(key);
    }
  }

  /** Drops all pictures of a volume on these hosts. A host that can't be asked clears them away by itself in time. */
  async forget(volume: Volume, hosts: string[]): Promise<void> {
    for (const host of hosts) {
      try {
        await this.parts.worker(host)?.dropPictures(volume);
      } catch (err) {
        this.parts.log.warn({ err, host, volume }, `pictures could not be dropped: ${messageOf(err)}`);
      }
    }
  }

  /** Ends all transfers. What has arrived stays, and need not be sent again. */
  async stop(): Promise<void> {
    await this.#work.stop(new DockletError("unavailable", "docklet is stopping.", "It goes on when it is back."));
  }

  async #carry(t: Transfer, watch: Watch): Promise<{ bytes: number }> {
    const { firstMs, maxMs } = { ...PACE, ...this.parts.pace };
    let pause = firstMs;
    let damaged = 0;
    for (;;) {
      watch.signal.throwIfAborted();
      try {
        const bytes = await this.#try(t, watch, () => {
          // It moves: the next pause is a short one again.
          pause = firstMs;
        });
        return { bytes };
      } catch (e) {
        watch.signal.throwIfAborted();
        if (e instanceof Damaged) {
          if (++damaged > 1) throw e.cause;
          this.parts.log.warn({ ...t }, `what arrived of a picture is damaged and is sent again: ${e.message}`);
          continue;
        }
        if (!isDocklet(e, "unavailable")) throw e;
        await sleep(pause, watch.signal);
        pause = Math.min(maxMs, pause * 2);
      }
    }
  }

  /** One try, from where the last one ended. A host that does not answer is not waited for once it is cancelled. */
  async #try(t: Transfer, watch: Watch, moved: () => void): Promise<number> {
    const left = Promise.withResolvers<never>();
    const leave = () => left.reject(watch.signal.reason);
    watch.signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([this.#bring(t, watch, moved), left.promise]);
    } finally {
      watch.signal.removeEventListener("abort", leave);
    }
  }

  async #bring(t: Transfer, { signal, progress }: Watch, moved: () => void): Promise<number> {
    const { picture, parent } = t;
    const source = this.#needed(t.from);
    const target = this.#needed(t.to);
    const { bytes: about } = await source.takePicture({ picture, parent });
    signal.throwIfAborted();
    const sink = await target.receivePicture({ picture, parent });
    let pipe: PictureSource | null = null;
    const close = () => {
      pipe?.close();
      sink.close();
    };
    signal.addEventListener("abort", close, { once: true });
    try {
      signal.throwIfAborted();
      if (sink.whole) {
        progress(about, about);
        return 0;
      }
      pipe = await source.sendPicture({ picture, parent, offset: sink.offset });
      signal.throwIfAborted();
      const sent = await pump(pipe, sink, signal, (at) => {
        moved();
        progress(at, Math.max(at, about));
      });
      const end = await pipe.finished;
      await finish(sink, end);
      progress(end.bytes, end.bytes);
      return sent;
    } finally {
      signal.removeEventListener("abort", close);
      close();
    }
  }

  #needed(host: string): WorkerApi {
    const worker = this.parts.worker(host);
    if (worker) return worker;
    throw new DockletError("unavailable", `Host ${host} is not connected.`, "It goes on when the host is back.");
  }
}

class Damaged extends Error {}

/** Returns how many bytes went over. */
async function pump(
  source: PictureSource,
  sink: PictureSink,
  signal: AbortSignal,
  progress: (at: number) => void,
): Promise<number> {
  let sent = 0;
  for await (const chunk of source) {
    signal.throwIfAborted();
    await sink.write(chunk);
    sent += chunk.length;
    progress(sink.offset + sent);
  }
  return sent;
}

async function finish(sink: PictureSink, end: { bytes: number; digest: string }): Promise<void> {
  try {
    await sink.finish(end);
  } catch (e) {
    if (isDocklet(e, "conflict")) throw new Damaged(e.message, { cause: e });
    throw e;
  }
}

function place(places: Map<string, Semaphore>, host: string): Semaphore {
  const found = places.get(host) ?? new Semaphore(AT_ONCE);
  places.set(host, found);
  return found;
}

/** Waits for a turn, but not after the signal has aborted. */
function inTurn<T>(
  turn: (body: () => Promise<T>) => Promise<T>,
  signal: AbortSignal,
  body: () => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    turn(async () => {
      signal.removeEventListener("abort", leave);
      signal.throwIfAborted();
      return await body();
    }).then(resolve, reject);
  });
}
