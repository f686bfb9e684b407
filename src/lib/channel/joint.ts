import type { Socket, SocketHandler } from "bun";
import type { ChannelStream } from "./stream.ts";

/**
 * A plain socket and a stream of a channel as one connection: bytes both ways, each side read only as fast as the
 * other takes them, half-closes and breaks passed on as what they are.
 */
export class Joint {
  readonly #queue: Uint8Array[] = [];
  #roomy: (() => void) | null = null;
  #writing = Promise.resolve();
  /** Socket → stream, and stream → socket, have come to their end. */
  #upDone = false;
  #downDone = false;
  #over = false;

  /**
   * `marked`: what goes to the socket is cut into pieces, each behind its length (4 bytes, big-endian), and an orderly
   * end is a length of zero. A unix socket has no reset: without the mark, a break would look like an end.
   */
  constructor(
    readonly socket: Socket<unknown>,
    readonly stream: ChannelStream,
    readonly marked = false,
  ) {}

  /** Begins to pass on what the stream brings. */
  async run(): Promise<void> {
    try {
      for await (const chunk of this.stream) {
        if (this.#over) return;
        await this.#send(this.marked ? behindLength(chunk) : chunk);
      }
      if (this.marked) await this.#send(behindLength(new Uint8Array(0)));
      this.#downDone = true;
      if (this.#over) return;
      if (this.#upDone) this.socket.end();
      else this.socket.shutdown();
    } catch {
      // The other side broke it off: a reset, so that nobody takes half an answer for a whole one.
      this.#finish();
      this.socket.terminate();
    }
  }

  data(piece: Uint8Array): void {
    if (this.#over) return;
    this.socket.pause();
    this.#writing = this.#writing
      .then(() => this.stream.write(piece))
      .then(
        () => {
          if (!this.#over) this.socket.resume();
        },
        () => {
          this.#finish();
          this.socket.terminate();
        },
      );
  }

  drain(): void {
    while (this.#queue.length > 0) {
      const first = this.#queue[0]!;
      const taken = this.socket.write(first);
      if (taken < 0) {
        this.close(new Error("closed"));
        return;
      }
      if (taken < first.length) {
        this.#queue[0] = first.subarray(taken);
        return;
      }
      this.#queue.shift();
    }
    this.#go();
  }

  /** The socket's other end has said all it has to say. */
  end(): void {
    this.#upDone = true;
    void this.#writing.then(() => {
      if (this.#over) return;
      this.stream.end();
      if (this.#downDone) this.socket.end();
    });
  }

  /** The socket is gone. When our side was ended before, Bun tells the other's end in this way: without an error. */
  close(error?: Error): void {
    if (this.#over) return;
    const whole = this.#downDone && (this.#upDone || error === undefined);
    this.#finish();
    if (whole) void this.#writing.then(() => this.stream.end());
    else this.stream.reset("the connection was closed");
  }

  async #send(chunk: Uint8Array): Promise<void> {
    const taken = this.socket.write(chunk);
    if (taken < 0) this.close(new Error("closed"));
    else if (taken < chunk.length) {
      this.#queue.push(chunk.subarray(taken));
      await new Promise<void>((go) => {
        this.#roomy = go;
      });
    }
  }

  #finish(): void {
    this.#over = true;
    this.#queue.length = 0;
    this.#go();
  }

  #go(): void {
    this.#roomy?.();
    this.#roomy = null;
  }
}

function behindLength(chunk: Uint8Array): Uint8Array {
  const out = new Uint8Array(4 + chunk.length);
  new DataView(out.buffer).setUint32(0, chunk.length);
  out.set(chunk, 4);
  return out;
}

/** What Bun calls for a socket that has, or will get, a joint as its data. */
export function jointHandlers<D extends { joint: Joint | null }>(
  early: (socket: Socket<D>, piece: Buffer) => void,
): SocketHandler<D> {
  return {
    data: (socket, piece) => (socket.data.joint ? socket.data.joint.data(piece) : early(socket, piece)),
    drain: (socket) => socket.data?.joint?.drain(),
    end: (socket) => (socket.data?.joint ? socket.data.joint.end() : socket.terminate()),
    close: (socket, error) => socket.data?.joint?.close(error),
    error: (socket, error) => {
      socket.data?.joint?.close(error);
      socket.terminate();
    },
  };
}
