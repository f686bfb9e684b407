import type { Socket } from "bun";
import type { Context } from "./context.ts";
import { Exchange } from "./exchange.ts";
import { parseRequestHead, type RequestHead } from "./head-parser.ts";
import { refused, writeAnswer } from "./own-answer.ts";
import { malformed, Refusal } from "./refusal.ts";
import { Wire } from "./wire.ts";

const HEAD_END = Buffer.from("\r\n\r\n");
const CR = 0x0d;
const LF = 0x0a;
const EMPTY = Buffer.alloc(0);

/** One client: reads request heads, one exchange at a time, and keeps the time limits. */
export class ClientConnection {
  readonly address: string;
  /** Time (monotonic) at which something must have happened. */
  deadline: number;
  exchange: Exchange | null = null;
  readonly #ctx: Context;
  readonly #wire: Wire<ClientConnection>;
  /** Bytes that are no whole request head yet. */
  #unread: Buffer = EMPTY;
  #searched = 0;
  #inHead = false;
  #reading = false;
  #paused = false;
  /** No further request: what still comes is thrown away until the client closes too. */
  #closing = false;
  #closed = false;

  constructor(ctx: Context, socket: Socket<ClientConnection>, address: string) {
    this.#ctx = ctx;
    this.address = address;
    this.#wire = new Wire(socket);
    this.#wire.drained = () => this.#onDrained();
    this.deadline = performance.now() + ctx.limits.headMs;
  }

  onData(piece: Buffer) {
    if (this.#closing) return;
    if (this.exchange !== null) return this.exchange.onClientData(piece);
    this.#unread = this.#unread.length === 0 ? piece : Buffer.concat([this.#unread, piece]);
    this.#read();
  }

  /** Starts exchanges as long as whole heads are there and the last exchange is over. */
  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    while (this.exchange === null && !this.#closing && this.#unread.length > 0) {
      // A client that sends requests and never reads answers must not fill the memory with them.
      if (this.#wire.blocked) {
        this.pause();
        break;
      }
      let head: RequestHead | null;
      try {
        head = this.#takeHead();
      } catch (e) {
        this.#refuse(e);
        break;
      }
      if (head === null) break;
      const rest = this.#unread;
      this.#unread = EMPTY;
      this.#inHead = false;
      this.#ctx.counters.requests++;
      this.exchange = new Exchange(this.#ctx, this, head, rest);
      this.exchange.start();
    }
    this.#reading = false;
  }

  /** The next request's head, or null when it has not all come yet. What follows it stays in #unread. */
  #takeHead(): RequestHead | null {
    let bytes = this.#unread;
    // Some clients end a body with an empty line that its length does not count.
    if (bytes[0] === CR && bytes[1] === LF) bytes = this.#unread = bytes.subarray(2);
    const { limits } = this.#ctx;
    const end = bytes.indexOf(HEAD_END, this.#searched);
    if (end < 0 || end > limits.headBytes) {
      if (bytes.length > limits.headBytes)
        throw new Refusal(431, "headers_too_large", "The headers of this request are too large.");
      if (hasBareLf(bytes, this.#searched)) throw malformed("A line does not end in CRLF.");
      if (bytes.length > limits.requestLineBytes && bytes.indexOf(LF) < 0) {
        throw new Refusal(414, "uri_too_long", "The request line is too long.");
      }
      this.#searched = Math.max(0, bytes.length - 3);
      if (!this.#inHead && bytes.length > 0) {
        this.#inHead = true;
        this.deadline = performance.now() + limits.headMs;
      }
      return null;
    }
    this.#searched = 0;
    this.#unread = end + 4 === bytes.length ? EMPTY : bytes.subarray(end + 4);
    return parseRequestHead(bytes, end, limits.requestLineBytes);
  }

  #refuse(e: unknown): void {
    const refusal = e instanceof Refusal ? e : new Refusal(500, "internal", "Something went wrong inside docklet.");
    if (refusal !== e) this.#ctx.log.error({ err: e }, "gateway could not read a request");
    const { bytes, requestId } = writeAnswer(refused(refusal, this.#ctx.options.portalUrl()), null, true);
    this.#ctx.log.debug(
      { requestId, address: this.address, status: refusal.status, why: refusal.message },
      "gateway refused a request",
    );
    this.send(bytes);
    this.#close("shutdown");
  }

  /**
   * Called by the exchange at its end; `next`: bytes of the client that came after it. "linger": the client is still
   * sending what nobody wants, and closing on it would reset the connection and may take the answer along.
   */
  exchangeDone(next: Buffer, how: "keep" | "end" | "linger" | "reset"): void {
    this.exchange = null;
    if (how === "keep" && !this.#ctx.draining) {
      this.#unread = next;
      this.#searched = 0;
      this.resume();
      this.deadline = performance.now() + this.#ctx.limits.clientIdleMs;
      if (next.length > 0) this.#read();
    } else if (how === "reset") this.#close("reset");
    else this.#close(how === "linger" || next.length > 0 ? "shutdown" : "end");
  }

  #close(how: "end" | "shutdown" | "reset"): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#unread = EMPTY;
    this.deadline = performance.now() + this.#ctx.limits.lingerMs;
    this.resume();
    this.#wire.finish(how);
  }

  /** For a tunnel: the other side is gone. */
  finish(how: "end" | "reset"): void {
    this.exchange = null;
    this.#close(how === "end" ? "shutdown" : "reset");
  }

  send(bytes: Buffer): boolean {
    return this.#wire.send(bytes);
  }

  sendHead(text: string, body?: Buffer, length?: number): boolean {
    return this.#wire.sendHead(text, body, length);
  }

  get blocked(): boolean {
    return this.#wire.blocked;
  }

  onDrain(): void {
    // A slow reader of the last answer is not idle.
    if (this.exchange === null) this.deadline = performance.now() + this.#ctx.limits.clientIdleMs;
    this.#wire.flush();
  }

  #onDrained() {
    if (this.exchange !== null) return this.exchange.onClientDrained();
    this.resume();
    this.#read();
  }

  pause(): void {
    if (this.#paused || this.#closed) return;
    this.#paused = true;
    this.#wire.socket.pause();
  }

  resume(): void {
    if (!this.#paused || this.#closed) return;
    this.#paused = false;
    this.#wire.socket.resume();
  }

  /** The client closed its side: it waits for nothing any more. */
  onEnd(): void {
    this.exchange?.abandon(true);
    this.exchange = null;
    if (!this.#closed) this.#wire.finish("end");
  }

  onClose(): void {
    this.#closed = true;
    this.exchange?.abandon(false);
    this.exchange = null;
  }

  /** Breaks everything off, at once. */
  destroy(): void {
    this.exchange?.abandon(false);
    this.exchange = null;
    this.#closing = true;
    if (!this.#closed) this.#wire.destroy();
  }

  /** Nothing under way: can be closed without anybody losing anything. */
  get idle(): boolean {
    return this.exchange === null && !this.#inHead;
  }

  sweep(now: number): void {
    if (now < this.deadline) return;
    if (this.#closing && !this.#wire.blocked) this.#wire.finish("end");
    else if (this.#closing || (this.exchange === null && !this.#inHead)) this.destroy();
    else if (this.exchange !== null) this.exchange.onDeadline();
    else this.#refuse(new Refusal(408, "request_timeout", "The request did not come in time."));
  }
}

/** Looks from `from` on: what came before was seen when it came. */
function hasBareLf(bytes: Buffer, from: number): boolean {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) return true;
  }
  return false;
}
