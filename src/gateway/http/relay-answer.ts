import type { Socket, SocketHandler } from "bun";

/** The longest line that a relay answers. */
const LONGEST = 64;
const HEAD = 4;

/**
 * A connection through a relay, which leads to a node on another host. First the preface goes out and one line comes
 * back; then the node's bytes come in pieces that tell an end from a break. To whom it is handed it looks like a
 * connection to the node itself.
 */
export class RelayAnswer<Data> {
  #text = "";
  #state: "asking" | "reached" | "ended" | "failed" = "asking";
  /** The length before the next piece, as far as it is there, and what is missing of the present piece. */
  readonly #head = Buffer.alloc(HEAD);
  #headBytes = 0;
  #missing = 0;

  constructor(
    readonly preface: string,
    readonly handlers: SocketHandler<Data>,
    readonly reached: (socket: Socket<Data>) => void,
    readonly failed: (cause: unknown) => void,
  ) {}

  ask(socket: Socket<Data>): void {
    // A line this short always fits into the buffer of a new socket.
    socket.write(this.preface);
  }

  get socketHandlers(): SocketHandler<Data> {
    const { handlers } = this;
    return {
      data: (socket, piece) => {
        if (this.#state === "reached") this.#pieces(socket, piece);
        else if (this.#state === "asking") this.#line(socket, piece);
      },
      drain: (socket) => {
        if (this.#state === "reached") handlers.drain?.(socket);
      },
      // The orderly end was said in words already.
      end: (socket) => {
        if (this.#state === "reached") handlers.error?.(socket, new Error("broken off"));
        else this.#fail(socket, "ECONNRESET");
      },
      close: (socket, error) => {
        if (this.#state === "asking") this.#fail(socket, "ECONNRESET");
        else handlers.close?.(socket, error);
      },
      error: (socket, error) => {
        if (this.#state === "asking") this.#fail(socket, "ECONNRESET");
        else handlers.error?.(socket, error);
      },
    };
  }

  #line(socket: Socket<Data>, piece: Buffer): void {
    this.#text += piece.toString("latin1");
    const end = this.#text.indexOf("\n");
    if (end < 0) {
      if (this.#text.length > LONGEST) this.#fail(socket, "EPROTO");
      return;
    }
    if (this.#text[0] !== "+") {
      this.#fail(socket, this.#text[0] === "-" ? this.#text.slice(1, end) : "EPROTO");
      return;
    }
    this.#state = "reached";
    const rest = Buffer.from(this.#text.slice(end + 1), "latin1");
    this.reached(socket);
    // A node that speaks before it is asked: whoever has the connection decides what that means.
    if (rest.length > 0 && socket.data !== undefined) this.#pieces(socket, rest);
  }

  #pieces(socket: Socket<Data>, bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#state === "reached") {
      if (this.#missing > 0) {
        const piece = bytes.subarray(at, at + this.#missing);
        at += piece.length;
        this.#missing -= piece.length;
        this.handlers.data?.(socket, piece);
        continue;
      }
      const more = bytes.copy(this.#head, this.#headBytes, at, at + HEAD - this.#headBytes);
      at += more;
      this.#headBytes += more;
      if (this.#headBytes < HEAD) return;
      this.#headBytes = 0;
      this.#missing = this.#head.readUInt32BE(0);
      if (this.#missing > 0) continue;
      this.#state = "ended";
      this.handlers.end?.(socket);
    }
  }

  #fail(socket: Socket<Data>, code: string): void {
    if (this.#state !== "asking") return;
    this.#state = "failed";
    this.failed({ code });
    socket.terminate();
  }
}
