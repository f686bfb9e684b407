import { confineSetCookie } from "./cookies.ts";
import { type Refuse, splitLines } from "./field-scanner.ts";
import type { RequestHead, ResponseHead } from "./head-parser.ts";
import { allowedTrailer, REQUEST_FIELDS, RESPONSE_FIELDS } from "./header-policy.ts";
import type { Route } from "./routing.ts";

export interface Towards {
  route: Route;
  /** Cookie header without docklet's own; null: none. */
  cookie: string | null;
  authorization: string | null;
  stripPrefix: boolean;
  /** Address of the client. */
  address: string;
  upgrade: string | null;
}

/** The head that goes upstream. Host stays as the client sent it: Jupyter compares Origin with it. */
export function requestHead(head: RequestHead, to: Towards): string {
  let out = `${head.method} ${to.stripPrefix ? to.route.rest : to.route.target} HTTP/1.${head.minor}\r\n${head.kept}`;
  if (to.cookie !== null) out += `Cookie: ${to.cookie}\r\n`;
  if (to.authorization !== null) out += `Authorization: ${to.authorization}\r\n`;
  if (head.framing.kind === "chunked") out += "Transfer-Encoding: chunked\r\n";
  if (to.upgrade !== null) out += `Connection: Upgrade\r\nUpgrade: ${to.upgrade}\r\n`;
  else if (head.minor === 0) out += "Connection: close\r\n";
  if (to.stripPrefix) out += `X-Forwarded-Prefix: ${to.route.prefix}\r\n`;
  return `${out}X-Forwarded-For: ${to.address}\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: ${head.host}\r\n\r\n`;
}

export interface Back {
  route: Route;
  host: string;
  stripPrefix: boolean;
  /** The gateway puts chunk framing around a body that ends with its connection. */
  chunk: boolean;
  close: boolean;
}

/** The head that goes to the client. */
export function responseHead(head: ResponseHead, back: Back): string {
  let out = `HTTP/1.1 ${head.status} ${head.reason}\r\n${head.kept}`;
  if (head.location !== null)
    out += `Location: ${back.stripPrefix ? prefixed(head.location, back) : head.location}\r\n`;
  for (const value of head.setCookies) {
    const cookie = confineSetCookie(value, back.route.prefix, back.stripPrefix);
    if (cookie !== null) out += `Set-Cookie: ${cookie}\r\n`;
  }
  if (back.chunk || head.framing.kind === "chunked") out += "Transfer-Encoding: chunked\r\n";
  if (head.status === 101) out += `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`;
  else if (head.status >= 200 && back.close) out += "Connection: close\r\n";
  return `${out}\r\n`;
}

/** Servers that do not know their prefix redirect to paths of their own. */
function prefixed(location: string, back: Back): string {
  const authority = /^https?:\/\/([^/?#]*)/i.exec(location);
  if (authority && authority[1] !== back.host) return location;
  const path = authority ? location.slice(authority[0].length) || "/" : location;
  if (!path.startsWith("/") || path.startsWith("//")) return location;
  if (path === back.route.prefix || path.startsWith(`${back.route.prefix}/`)) return path;
  return back.route.prefix + path;
}

/** What ends a chunked body after its last chunk: the trailers that may pass, and the empty line. */
export function trailerSection(section: string, fromClient: boolean, refuse: Refuse): string {
  const fields = fromClient ? REQUEST_FIELDS : RESPONSE_FIELDS;
  const kept = splitLines(section, refuse).filter(({ name }) => allowedTrailer(name, fields));
  return `${kept.map(({ line }) => line).join("")}\r\n`;
}
