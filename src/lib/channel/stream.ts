/** Bytes that may be under way to a reader who has not taken them yet. */
export const WINDOW = 256 * 1024;
/** Payload of one data frame: small enough that a heartbeat never waits long behind it. */
const CHUNK = 32 * 1024;

/** What a stream asks of its channel. */
export interface StreamLine {
  data(bytes: Uint8Array): void;
  end(): void;
  reset(reason: string): void;
  credit(bytes: number): void;
}

/**
 * One of many byte streams in a channel, with a window of its own: a reader that is slow holds up its own stream
 * and no other. Writing waits for room; reading gives room back.
 */
export class ChannelStream {
  #room = WINDOW;
  #writers: (() => void)[] = [];
  readonly #incoming: Uint8Array[] = [];
  #reader: (() => void) | null = null;
  #ended = false;
  #sentEnd = false;
  #broken: Error | null = null;

  constructor(
    private readonly line: StreamLine,
    private readonly left: () => void,
  ) {}

  /** Resolves when the bytes are handed to the connection. Rejects when the stream was reset or the channel closed. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      while (this.#room <= 0 && !this.#broken) await new Promise<void>((go) => this.#writers.push(go));
      if (this.#broken) throw this.#broken;
      if (this.#sentEnd) throw new Error("written after the end");
      const part = bytes.subarray(at, at + Math.min(CHUNK, this.#room));
      this.#room -= part.length;
      at += part.length;
      this.line.data(part);
    }
  }

  /** Nothing more will be written; reading goes on. */
  end(): void {
    if (this.#sentEnd || this.#broken) return;
    this.#sentEnd = true;
    this.line.end();
    this.#leaveWhenDone();
  }

  /** Ends both directions at once; the other side's reads and writes reject with `reason`. */
  reset(reason: string): void {
    if (this.#broken) return;
    this.line.reset(reason);
    this.break(new Error(reason));
  }

  /** The other side's bytes, in order. Throws when the stream breaks before its end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = this.#incoming.shift();
      if (next) {
        this.line.credit(next.length);
        yield next;
      } else if (this.#broken) throw this.#broken;
      else if (this.#ended) return;
      else
        await new Promise<void>((go) => {
          this.#reader = go;
        });
    }
  }

  /** For the channel: what came in. Throws when the peer sends more than its window. */
  take(bytes: Uint8Array): void {
    const held = this.#incoming.reduce((n, b) => n + b.length, bytes.length);
    if (held > WINDOW + CHUNK) throw new Error("a peer that does not keep to its window");
    this.#incoming.push(bytes);
    this.#wakeReader();
  }

  takeEnd(): void {
    this.#ended = true;
    this.#wakeReader();
    this.#leaveWhenDone();
  }

  takeCredit(bytes: number): void {
    this.#room += bytes;
    for (const go of this.#writers.splice(0)) go();
  }

  break(reason: Error): void {
    if (this.#broken) return;
    this.#broken = reason;
    this.#wakeReader();
    for (const go of this.#writers.splice(0)) go();
    this.left();
  }

  #wakeReader(): void {
    this.#reader?.();
    this.#reader = null;
  }

  #leaveWhenDone(): void {
    if (this.#ended && this.#sentEnd) this.left();
  }
}
