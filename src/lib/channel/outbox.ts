import type { ChannelStream } from "./stream.ts";

/** Bytes that may wait before whoever sends is asked to stop for a while. */
const HIGH = 256 * 1024;

/** Bytes for a stream in order, for those who can't wait themselves: a listener of a process's output. */
export class Outbox {
  #queued = 0;
  #last: Promise<void> = Promise.resolve();
  /** Called when everything that waited is on its way. */
  drained: () => void = () => {};

  constructor(readonly stream: ChannelStream) {}

  get queued(): number {
    return this.#queued;
  }

  /** false: the other side is behind. The bytes are kept all the same, and must not change. */
  send(bytes: Uint8Array): boolean {
    this.#queued += bytes.length;
    this.#last = this.#last.then(async () => {
      // A stream that broke is told to its reader; what was still to be sent is nobody's any more.
      await this.stream.write(bytes).catch(() => {});
      this.#queued -= bytes.length;
      if (this.#queued === 0) this.drained();
    });
    return this.#queued < HIGH;
  }

  /** Ends the stream behind what was sent. */
  end(): void {
    void this.#last.then(() => this.stream.end());
  }
}
