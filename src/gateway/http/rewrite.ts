import { confineSetCookie } from "./cookies.ts";
import { Fields } from "./fields.ts";
import type { RequestHead, ResponseHead } from "./head-parser.ts";
import { allowedTrailer, dropsFromRequest, dropsFromResponse, namedByConnection } from "./header-policy.ts";
import type { Refusal } from "./refusal.ts";
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
  const { fields } = head;
  const { names } = fields;
  const named = namedByConnection(head.connection);
  let out = `${head.method} ${to.stripPrefix ? to.route.rest : to.route.target} HTTP/1.${head.minor}\r\n`;
  let run = 0;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    const drop = dropsFromRequest(name) || named?.has(name) || (name === "expect" && head.minor === 0);
    if (!drop) continue;
    out += fields.lines(run, i);
    run = i + 1;
  }
  out += fields.lines(run, names.length);
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
  const { fields } = head;
  const { names } = fields;
  const named = namedByConnection(head.connection);
  let out = `HTTP/1.1 ${head.status} ${head.reason}\r\n`;
  let run = 0;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    const drop = dropsFromResponse(name) || named?.has(name);
    const instead = drop ? "" : replacement(name, i, head, back);
    if (instead === null) continue;
    out += fields.lines(run, i) + instead;
    run = i + 1;
  }
  out += fields.lines(run, names.length);
  if (back.chunk || head.framing.kind === "chunked") out += "Transfer-Encoding: chunked\r\n";
  if (head.status === 101) out += `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`;
  else if (head.status >= 200 && back.close) out += "Connection: close\r\n";
  return `${out}\r\n`;
}

/** What goes out in place of a header line; null: the line itself. */
function replacement(name: string, i: number, head: ResponseHead, back: Back): string | null {
  switch (name) {
    case "set-cookie": {
      const cookie = confineSetCookie(head.fields.value(i), back.route.prefix, back.stripPrefix);
      return cookie === null ? "" : `Set-Cookie: ${cookie}\r\n`;
    }
    case "location":
      return back.stripPrefix ? `Location: ${prefixed(head.fields.value(i), back)}\r\n` : null;
    case "content-length":
      // The same length twice is sent once.
      return head.fields.names.indexOf(name) === i ? null : "";
    default:
      return null;
  }
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
export function trailerSection(section: string, fromClient: boolean, refuse: (why: string) => Refusal): string {
  const fields = new Fields(section, 0, refuse);
  let out = "";
  for (const [i, name] of fields.names.entries()) if (allowedTrailer(name, fromClient)) out += fields.lines(i, i + 1);
  return `${out}\r\n`;
}
