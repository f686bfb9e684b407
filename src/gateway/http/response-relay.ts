import { BodyFraming } from "./body-framing.ts";
import type { ClientConnection } from "./client-connection.ts";
import { parseResponseHead, type RequestHead, type ResponseHead } from "./head-parser.ts";
import { garbled } from "./refusal.ts";
import { responseHead, trailerSection } from "./rewrite.ts";
import type { Route } from "./routing.ts";

const HEAD_END = Buffer.from("\r\n\r\n");
const NOTHING = Buffer.alloc(0);
const CRLF = Buffer.from("\r\n");
const LAST_CHUNK = Buffer.from("0\r\n\r\n");
/** Head and first piece go out in one write when that costs no big copy. */
const JOIN_MAX = 16 * 1024;
/** 100 and 103 before an answer; more is a server gone wild. */
const INTERIM_MAX = 16;

export interface RelaySetup {
  client: ClientConnection;
  request: RequestHead;
  route: Route;
  stripPrefix: boolean;
  upgrade: string | null;
  closing: boolean;
  headBytes: number;
}

/** Takes the bytes of one answer from an upstream, checks and rewrites its head, and passes its body on as it comes. */
export class ResponseRelay {
  /** Some byte of it has arrived. */
  touched = false;
  /** The head has been sent to the client: nothing else can be said to it any more. */
  head: ResponseHead | null = null;
  /** The upstream sent more than its answer. */
  overrun = false;
  /** What came after the head of a 101. */
  tunnelled: Buffer | null = null;
  /** The client's connection ends with this answer. */
  closing: boolean;
  #body: BodyFraming | null = null;
  #partial: Buffer | null = null;
  #interim = 0;
  #wrapped = false;

  constructor(readonly setup: RelaySetup) {
    this.closing = setup.closing;
  }

  /** True when the answer is complete. Throws a 502 when it cannot be understood. */
  accept(piece: Buffer): boolean {
    this.touched = true;
    if (this.#body !== null) return this.#pass(this.#body, piece);
    let rest = piece;
    while (this.head === null) {
      const from = this.#partial === null ? 0 : Math.max(0, this.#partial.length - 3);
      const bytes = this.#partial === null ? rest : Buffer.concat([this.#partial, rest]);
      const end = bytes.indexOf(HEAD_END, from);
      if (end < 0 || end > this.setup.headBytes) {
        if (bytes.length > this.setup.headBytes) throw garbled("its headers are too large.");
        this.#partial = bytes;
        return false;
      }
      this.#partial = null;
      rest = end + 4 === bytes.length ? NOTHING : bytes.subarray(end + 4);
      const { request } = this.setup;
      const head = parseResponseHead(bytes, end, request.method, request.minor);
      if (head.status === 101) return this.#switch(head, rest);
      if (head.status < 200) this.#sendInterim(head);
      else return this.#begin(head, rest);
      if (rest.length === 0) return false;
    }
    return false;
  }

  #sendInterim(head: ResponseHead): void {
    if (++this.#interim > INTERIM_MAX) throw garbled("it is preceded by too many interim answers.");
    // HTTP/1.0 clients would take it for the answer.
    if (this.setup.request.minor === 1) this.setup.client.sendHead(this.#rewritten(head, false));
  }

  #switch(head: ResponseHead, rest: Buffer): boolean {
    const { upgrade, client } = this.setup;
    if (upgrade === null || head.upgrade?.toLowerCase() !== upgrade.toLowerCase()) {
      throw garbled("it switches to a protocol that was not asked for.");
    }
    this.head = head;
    this.tunnelled = rest;
    client.sendHead(this.#rewritten(head, false));
    return true;
  }

  #begin(head: ResponseHead, rest: Buffer): boolean {
    const { request, client } = this.setup;
    this.#wrapped = head.framing.kind === "close" && request.minor === 1;
    if (head.framing.kind === "close" && !this.#wrapped) this.closing = true;
    const text = this.#rewritten(head, this.#wrapped);
    this.head = head;
    const body = BodyFraming.of(head.framing, garbled);
    this.#body = body;
    const used = body.consume(rest);
    const raw = body.rawEnd;
    if (this.#wrapped || raw > JOIN_MAX || body.trailers !== null) {
      client.sendHead(text);
      return rest.length > 0 ? this.#forward(body, rest, used) : body.done;
    }
    client.sendHead(text, rest, raw);
    this.overrun = used < rest.length;
    return body.done;
  }

  #pass(body: BodyFraming, piece: Buffer): boolean {
    return this.#forward(body, piece, body.consume(piece));
  }

  #forward(body: BodyFraming, piece: Buffer, used: number): boolean {
    const { client } = this.setup;
    if (this.#wrapped) {
      client.sendHead(`${piece.length.toString(16)}\r\n`);
      client.send(piece);
      client.send(CRLF);
      return false;
    }
    if (body.rawEnd > 0) client.send(body.rawEnd === piece.length ? piece : piece.subarray(0, body.rawEnd));
    if (body.done && body.trailers !== null) {
      client.sendHead(trailerSection(body.trailers, false, garbled));
    }
    this.overrun = used < piece.length;
    return body.done;
  }

  /** The upstream closed in order. True when that was the end mark of the answer. */
  endedByClose(): boolean {
    if (this.#body === null || this.#body.framing.kind !== "close") return false;
    if (this.#wrapped) this.setup.client.send(LAST_CHUNK);
    return true;
  }

  /** The client cannot see from the framing that a cut answer was cut: only a reset tells it. */
  get needsReset(): boolean {
    return this.#body !== null && this.#body.framing.kind === "close" && !this.#wrapped;
  }

  /** The upstream's connection can serve another request. */
  get keepsUpstream(): boolean {
    const { head } = this;
    if (head === null || this.overrun || head.framing.kind === "close") return false;
    if (head.connection.length === 0) return head.minor === 1;
    return !head.connection.includes("close") && (head.minor === 1 || head.connection.includes("keep-alive"));
  }

  #rewritten(head: ResponseHead, chunk: boolean): string {
    const { request, route, stripPrefix } = this.setup;
    return responseHead(head, { route, stripPrefix, host: request.host, chunk, close: this.closing });
  }
}
