import type { Socket, SocketHandler } from "bun";

/** The longest line that a relay answers. */
const LONGEST = 64;

/**
 * The first words with a relay, which lead to a node on another host: the preface goes out, one line comes back.
 * After that the connection is the node's and nobody can tell it from a direct one.
 */
export class RelayAnswer<Data> {
  #text = "";
  #over = false;

  constructor(
    readonly preface: string,
    readonly reached: (socket: Socket<Data>) => void,
    readonly failed: (cause: unknown) => void,
  ) {}

  ask(socket: Socket<Data>): void {
    // A line this short always fits into the buffer of a new socket.
    socket.write(this.preface);
  }

  /** The handlers of the connection as it will be, with the line before them. */
  before(handlers: SocketHandler<Data>): SocketHandler<Data> {
    return {
      ...handlers,
      data: (socket, piece) => (this.#over ? handlers.data?.(socket, piece) : this.#take(socket, piece)),
      drain: (socket) => (this.#over ? handlers.drain?.(socket) : undefined),
      end: (socket) => (this.#over ? handlers.end?.(socket) : this.#fail(socket, "ECONNRESET")),
      close: (socket, error) => (this.#over ? handlers.close?.(socket, error) : this.#fail(socket, "ECONNRESET")),
      error: (socket, error) => (this.#over ? handlers.error?.(socket, error) : this.#fail(socket, "ECONNRESET")),
    };
  }

  #take(socket: Socket<Data>, piece: Buffer): void {
    this.#text += piece.toString("latin1");
    const end = this.#text.indexOf("\n");
    if (end < 0) {
      if (this.#text.length > LONGEST) this.#fail(socket, "EPROTO");
      return;
    }
    // A node that speaks before it is asked is none that speaks HTTP.
    if (this.#text[0] !== "+" || end !== this.#text.length - 1) {
      this.#fail(socket, this.#text[0] === "-" ? this.#text.slice(1, end) : "EPROTO");
      return;
    }
    this.#over = true;
    this.reached(socket);
  }

  #fail(socket: Socket<Data>, code: string): void {
    if (this.#over) return;
    this.#over = true;
    this.failed({ code });
    socket.terminate();
  }
}
