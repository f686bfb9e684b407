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

  constructor(
    readonly socket: Socket<unknown>,
    readonly stream: ChannelStream,
  ) {}

  /** Begins to pass on what the stream brings. */
  async run(): Promise<void> {
    try {
      for await (const chunk of this.stream) {
        if (this.#over) return;
        if (!this.#send(chunk)) {
          await new Promise<void>((go) => {
            this.#roomy = go;
          });
        }
      }
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
        this.close();
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

  close(): void {
    if (this.#over) return;
    const whole = this.#upDone && this.#downDone;
    this.#finish();
    if (!whole) this.stream.reset("the connection was closed");
  }

  #send(chunk: Uint8Array): boolean {
    const taken = this.socket.write(chunk);
    if (taken < 0) {
      this.close();
      return true;
    }
    if (taken === chunk.length) return true;
    this.#queue.push(chunk.subarray(taken));
    return false;
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

/** What Bun calls for a socket that has, or will get, a joint as its data. */
export function jointHandlers<D extends { joint: Joint | null }>(
  early: (socket: Socket<D>, piece: Buffer) => void,
): SocketHandler<D> {
  return {
    data: (socket, piece) => (socket.data.joint ? socket.data.joint.data(piece) : early(socket, piece)),
    drain: (socket) => socket.data?.joint?.drain(),
    end: (socket) => (socket.data?.joint ? socket.data.joint.end() : socket.terminate()),
    close: (socket) => socket.data?.joint?.close(),
    error: (socket) => {
      socket.data?.joint?.close();
      socket.terminate();
    },
  };
}
