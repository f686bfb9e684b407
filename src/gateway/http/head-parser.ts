import { Kind } from "./field-names.ts";
import { listOf, type Refuse, scanFields, scanRequestLine, scanStatusLine, splitLines } from "./field-scanner.ts";
import { namedByConnection, REQUEST_FIELDS, RESPONSE_FIELDS } from "./header-policy.ts";
import { garbled, malformed, Refusal } from "./refusal.ts";

export type Framing = { kind: "none" } | { kind: "length"; length: number } | { kind: "chunked" } | { kind: "close" };

const NONE: Framing = { kind: "none" };
const CHUNKED: Framing = { kind: "chunked" };
const CLOSE: Framing = { kind: "close" };
const NOTHING: readonly string[] = [];
const LENGTH = /^\d{1,15}$/;
const HOST = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
/** Most requests name the host of the one before. */
let lastHost = "";

/** What both kinds of heads have; `field` collects what matters while the lines are scanned. */
abstract class Head {
  minor: 0 | 1 = 1;
  framing: Framing = NONE;
  /** Tokens of Connection, lower case. */
  connection: readonly string[] = NOTHING;
  upgrade: string | null = null;
  /** The header lines that are passed on as they came. */
  kept = "";
  length: string | null = null;
  coding: string | null = null;

  protected common(kind: Kind, value: string): void {
    if (kind === Kind.connection)
      this.connection = this.connection.length === 0 ? listOf(value) : [...this.connection, ...listOf(value)];
    else if (kind === Kind.upgrade) this.upgrade = this.upgrade === null ? value : `${this.upgrade}, ${value}`;
  }

  /** Takes out what Connection names. */
  protected dropNamed(refuse: Refuse): void {
    if (this.connection.length === 0) return;
    const named = namedByConnection(this.connection);
    if (named === null) return;
    this.kept = splitLines(this.kept, refuse)
      .filter(({ name }) => !named.has(name))
      .map(({ line }) => line)
      .join("");
  }
}

export class RequestHead extends Head {
  method = "";
  target = "";
  host = "";
  cookie: string | null = null;
  origin: string | null = null;
  accept = "";
  fetchSite: string | null = null;
  fetchMode: string | null = null;

  field(kind: Kind, text: string, from: number, to: number): boolean {
    const value = text.slice(from, to);
    switch (kind) {
      case Kind.host:
        if (this.host !== "") throw malformed("There is more than one Host header.");
        if (value !== lastHost && !HOST.test(value))
          throw malformed("The Host header is not a host name with an optional port.");
        this.host = lastHost = value;
        return true;
      case Kind.contentLength:
        if (this.length !== null) throw malformed("There is more than one Content-Length.");
        this.length = value;
        return true;
      case Kind.transferEncoding:
        if (this.coding !== null) throw malformed("There is more than one Transfer-Encoding.");
        this.coding = value;
        return false;
      case Kind.cookie:
        this.cookie = this.cookie === null ? value : `${this.cookie}; ${value}`;
        return false;
      case Kind.origin:
        if (this.origin !== null) throw malformed("There is more than one Origin header.");
        this.origin = value;
        return true;
      case Kind.accept:
        this.accept = this.accept === "" ? value : `${this.accept}, ${value}`;
        return true;
      case Kind.fetchSite:
        this.fetchSite = value;
        return true;
      case Kind.fetchMode:
        this.fetchMode = value;
        return true;
      case Kind.expect:
        if (value.toLowerCase() !== "100-continue") {
          throw new Refusal(417, "expectation_failed", "Only Expect: 100-continue is understood.");
        }
        // Nobody may answer 100 to an HTTP/1.0 client.
        return this.minor === 1;
      default:
        this.common(kind, value);
        return false;
    }
  }

  finish(): void {
    if (this.host === "") throw malformed("The Host header is missing.");
    const { length, coding } = this;
    if (coding !== null) {
      if (length !== null) throw malformed("Content-Length and Transfer-Encoding are both there.");
      if (this.minor === 0) throw malformed("HTTP/1.0 knows no Transfer-Encoding.");
      if (coding.toLowerCase() !== "chunked")
        throw malformed("The only Transfer-Encoding that is understood is chunked.");
      this.framing = CHUNKED;
    } else if (length !== null) {
      if (!LENGTH.test(length)) throw malformed("Content-Length is not a number.");
      if (Number(length) > 0) this.framing = { kind: "length", length: Number(length) };
    }
    this.dropNamed(malformed);
  }
}

/** `end`: where the CRLF CRLF that ends the head begins. Throws a Refusal that says what is wrong with it. */
export function parseRequestHead(bytes: Buffer, end: number, requestLineBytes: number): RequestHead {
  const line = scanRequestLine(bytes);
  if (line === null) throw badRequestLine(bytes.toString("latin1", 0, Math.min(end, 256)));
  if (line.eol > requestLineBytes) throw new Refusal(414, "uri_too_long", "The request line is too long.");
  const text = bytes.toString("latin1", 0, end + 2);
  const head = new RequestHead();
  head.method = text.slice(0, line.first);
  head.target = text.slice(line.first + 1, line.last - 1);
  head.minor = line.minor;
  head.kept = scanFields(bytes, text, line.eol + 2, end + 2, REQUEST_FIELDS, head, malformed);
  head.finish();
  return head;
}

function badRequestLine(head: string): Refusal {
  if (/^\S+ \S+ HTTP\/(?:0\.9|[2-9](?:\.\d)?)(?:\r\n|$)/.test(head)) {
    return new Refusal(505, "unsupported_version", "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
  }
  return malformed("The request line is malformed.");
}

export class ResponseHead extends Head {
  status = 0;
  reason = "";
  setCookies: readonly string[] = NOTHING;
  location: string | null = null;

  field(kind: Kind, text: string, from: number, to: number): boolean {
    const value = text.slice(from, to);
    switch (kind) {
      case Kind.contentLength:
        if (this.length !== null && this.length !== value) throw garbled("it has two different Content-Lengths.");
        // The same length twice is sent once.
        if (this.length !== null) return false;
        this.length = value;
        return true;
      case Kind.transferEncoding:
        if (this.coding !== null) throw garbled("it has more than one Transfer-Encoding.");
        this.coding = value.toLowerCase();
        return false;
      case Kind.setCookie:
        this.setCookies = [...this.setCookies, value];
        return false;
      case Kind.location:
        this.location = value;
        return false;
      default:
        this.common(kind, value);
        return false;
    }
  }

  finish(method: string, requestMinor: 0 | 1): void {
    const { length, coding, status } = this;
    if (length !== null && !LENGTH.test(length)) throw garbled("its Content-Length is not a number.");
    if (length !== null && coding !== null) throw garbled("it has both Content-Length and Transfer-Encoding.");
    if (coding !== null && (coding !== "chunked" || this.minor === 0 || requestMinor === 0)) {
      throw garbled("its Transfer-Encoding is not understood here.");
    }
    if (method === "HEAD" || status < 200 || status === 204 || status === 304) this.framing = NONE;
    else if (coding !== null) this.framing = CHUNKED;
    else if (length === null) this.framing = CLOSE;
    else if (Number(length) > 0) this.framing = { kind: "length", length: Number(length) };
    this.dropNamed(garbled);
  }
}

/** The same for an answer to `method`. Throws a 502. */
export function parseResponseHead(bytes: Buffer, end: number, method: string, requestMinor: 0 | 1): ResponseHead {
  const line = scanStatusLine(bytes);
  if (line === null) throw garbled("its first line is not that of an HTTP answer.");
  const text = bytes.toString("latin1", 0, end + 2);
  const head = new ResponseHead();
  head.status = (bytes[9]! - 0x30) * 100 + (bytes[10]! - 0x30) * 10 + bytes[11]! - 0x30;
  head.reason = text.slice(line.last, line.eol);
  head.minor = line.minor;
  head.kept = scanFields(bytes, text, line.eol + 2, end + 2, RESPONSE_FIELDS, head, garbled);
  head.finish(method, requestMinor);
  return head;
}
