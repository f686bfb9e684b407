import { createHash } from "node:crypto";
import type { PictureSource } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";
import type { SubvolumeStream } from "../../os/subvolume-stream.ts";

const closed = () => new DockletError("unavailable", "The picture is not sent any more.", "Ask for it again.");

/**
 * The bytes of a picture, those before `offset` left out. They are read all the same: only so it is known whether what
 * was sent before is what would be sent now.
 */
export class Outgoing implements PictureSource {
  readonly #end = Promise.withResolvers<{ bytes: number; digest: string }>();
  #over = false;

  constructor(
    private readonly head: Uint8Array,
    private readonly body: SubvolumeStream,
    private readonly offset: number,
  ) {
    this.#end.promise.catch(() => {});
    // Whoever closes it, or kills the process below it, ends it for its reader, too.
    void body.ended.then(() => {
      this.#over = true;
    });
  }

  get finished(): Promise<{ bytes: number; digest: string }> {
    return this.#end.promise;
  }

  /** The process below it has ended: what it read may be deleted now. */
  get ended(): Promise<void> {
    return this.body.ended;
  }

  close(): void {
    if (!this.#over) this.body.kill();
    this.#end.reject(closed());
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const hash = createHash("sha256");
    let at = 0;
    try {
      for await (const chunk of this.#all()) {
        hash.update(chunk);
        const skip = Math.max(0, this.offset - at);
        at += chunk.length;
        if (skip < chunk.length) yield chunk.subarray(skip);
      }
    } catch (e) {
      this.#end.reject(e);
      throw e;
    } finally {
      // The reader may leave at any time.
      if (!this.#over) this.body.kill();
    }
    this.#end.resolve({ bytes: at, digest: hash.digest("hex") });
  }

  async *#all(): AsyncGenerator<Uint8Array> {
    yield this.head;
    yield* this.body;
  }
}
