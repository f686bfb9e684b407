import { endOfLine, Fields, listOf } from "./fields.ts";
import { garbled, malformed, Refusal } from "./refusal.ts";

export type Framing = { kind: "none" } | { kind: "length"; length: number } | { kind: "chunked" } | { kind: "close" };

const NONE: Framing = { kind: "none" };
const CHUNKED: Framing = { kind: "chunked" };
const CLOSE: Framing = { kind: "close" };

interface Head {
  minor: 0 | 1;
  fields: Fields;
  framing: Framing;
  /** Tokens of Connection, lower case. */
  connection: readonly string[];
  upgrade: string | null;
}

export interface RequestHead extends Head {
  method: string;
  target: string;
  host: string;
  cookie: string | null;
  origin: string | null;
  accept: string;
  fetchSite: string | null;
  fetchMode: string | null;
  expectContinue: boolean;
}

export interface ResponseHead extends Head {
  status: number;
  reason: string;
}

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x22\x24-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: (.*))?$/;
const HOST = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const NOTHING: readonly string[] = [];
const RESPONSE_MATTERS = new Set(["content-length", "transfer-encoding", "connection", "upgrade"]);
const REQUEST_MATTERS = new Set([
  ...RESPONSE_MATTERS,
  "host",
  "cookie",
  "origin",
  "accept",
  "sec-fetch-site",
  "sec-fetch-mode",
  "expect",
]);
const LENGTH = /^\d{1,15}$/;

/** `head`: a whole request head as latin1, from the request line to the last header's CRLF (without the empty line). */
export function parseRequestHead(head: string, requestLineBytes: number): RequestHead {
  const eol = endOfLine(head, 0, malformed);
  if (eol > requestLineBytes) throw new Refusal(414, "uri_too_long", "The request line is too long.");
  const line = REQUEST_LINE.exec(head.slice(0, eol));
  if (!line) throw badRequestLine(head.slice(0, eol));
  const fields = new Fields(head, eol + 2, malformed);
  const r: RequestHead = {
    method: line[1]!,
    target: line[2]!,
    minor: line[3] === "1" ? 1 : 0,
    fields,
    framing: NONE,
    connection: NOTHING,
    upgrade: null,
    host: "",
    cookie: null,
    origin: null,
    accept: "",
    fetchSite: null,
    fetchMode: null,
    expectContinue: false,
  };
  let length: string | null = null;
  let coding: string | null = null;
  const { names } = fields;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    if (!REQUEST_MATTERS.has(name)) continue;
    const value = fields.value(i);
    switch (name) {
      case "host":
        if (r.host !== "") throw malformed("There is more than one Host header.");
        if (!HOST.test(value)) throw malformed("The Host header is not a host name with an optional port.");
        r.host = value;
        break;
      case "content-length":
        if (length !== null) throw malformed("There is more than one Content-Length.");
        length = value;
        break;
      case "transfer-encoding":
        if (coding !== null) throw malformed("There is more than one Transfer-Encoding.");
        coding = value;
        break;
      case "connection":
        r.connection = r.connection.length === 0 ? listOf(value) : [...r.connection, ...listOf(value)];
        break;
      case "upgrade":
        r.upgrade = r.upgrade === null ? value : `${r.upgrade}, ${value}`;
        break;
      case "cookie":
        r.cookie = r.cookie === null ? value : `${r.cookie}; ${value}`;
        break;
      case "origin":
        if (r.origin !== null) throw malformed("There is more than one Origin header.");
        r.origin = value;
        break;
      case "accept":
        r.accept += r.accept === "" ? value : `, ${value}`;
        break;
      case "sec-fetch-site":
        r.fetchSite = value;
        break;
      case "sec-fetch-mode":
        r.fetchMode = value;
        break;
      case "expect":
        if (value.toLowerCase() !== "100-continue") {
          throw new Refusal(417, "expectation_failed", "Only Expect: 100-continue is understood.");
        }
        r.expectContinue = true;
        break;
    }
  }
  if (r.host === "") throw malformed("The Host header is missing.");
  if (length !== null && coding !== null) throw malformed("Content-Length and Transfer-Encoding are both there.");
  if (coding !== null) {
    if (r.minor === 0) throw malformed("HTTP/1.0 knows no Transfer-Encoding.");
    if (coding.toLowerCase() !== "chunked")
      throw malformed("The only Transfer-Encoding that is understood is chunked.");
    r.framing = CHUNKED;
  } else if (length !== null) {
    if (!LENGTH.test(length)) throw malformed("Content-Length is not a number.");
    if (Number(length) > 0) r.framing = { kind: "length", length: Number(length) };
  }
  return r;
}

function badRequestLine(line: string): Refusal {
  if (/^\S+ \S+ HTTP\/(?:0\.9|[2-9](?:\.\d)?)$/.test(line)) {
    return new Refusal(505, "unsupported_version", "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
  }
  return malformed("The request line is malformed.");
}

/** The same for an answer to `method`. Throws a 502 that says what is wrong with it. */
export function parseResponseHead(head: string, method: string, requestMinor: 0 | 1): ResponseHead {
  const eol = endOfLine(head, 0, garbled);
  const line = STATUS_LINE.exec(head.slice(0, eol));
  if (!line) throw garbled("its first line is not that of an HTTP answer.");
  const fields = new Fields(head, eol + 2, garbled);
  const status = Number(line[2]);
  const minor = line[1] === "1" ? 1 : 0;
  const r: ResponseHead = {
    status,
    reason: line[3] ?? "",
    minor,
    fields,
    framing: CLOSE,
    connection: NOTHING,
    upgrade: null,
  };
  let length: string | null = null;
  let coding: string | null = null;
  const { names } = fields;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    if (!RESPONSE_MATTERS.has(name)) continue;
    const value = fields.value(i);
    switch (name) {
      case "content-length":
        if (length !== null && length !== value) throw garbled("it has two different Content-Lengths.");
        length = value;
        break;
      case "transfer-encoding":
        if (coding !== null) throw garbled("it has more than one Transfer-Encoding.");
        coding = value.toLowerCase();
        break;
      case "connection":
        r.connection = r.connection.length === 0 ? listOf(value) : [...r.connection, ...listOf(value)];
        break;
      case "upgrade":
        r.upgrade = value;
        break;
    }
  }
  if (length !== null && !LENGTH.test(length)) throw garbled("its Content-Length is not a number.");
  if (length !== null && coding !== null) throw garbled("it has both Content-Length and Transfer-Encoding.");
  if (coding !== null && (coding !== "chunked" || minor === 0 || requestMinor === 0)) {
    throw garbled("its Transfer-Encoding is not understood here.");
  }
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) r.framing = NONE;
  else if (coding !== null) r.framing = CHUNKED;
  else if (length !== null) r.framing = length === "0" ? NONE : { kind: "length", length: Number(length) };
  return r;
}
