import { FieldNames, Kind } from "./field-names.ts";

/** Which header fields stay on this side of the gateway. Names in lower case. */

const { drop } = Kind;

const HOP_BY_HOP = {
  connection: Kind.connection,
  "transfer-encoding": Kind.transferEncoding,
  upgrade: Kind.upgrade,
  "keep-alive": drop,
  "proxy-connection": drop,
  "proxy-authenticate": drop,
  "proxy-authorization": drop,
  te: drop,
};

export const REQUEST_FIELDS = new FieldNames(
  {
    ...HOP_BY_HOP,
    host: Kind.host,
    "content-length": Kind.contentLength,
    cookie: Kind.cookie,
    origin: Kind.origin,
    accept: Kind.accept,
    "sec-fetch-site": Kind.fetchSite,
    "sec-fetch-mode": Kind.fetchMode,
    expect: Kind.expect,
    // The gateway says these itself, or nobody does.
    authorization: drop,
    forwarded: drop,
    "x-real-ip": drop,
    "x-client-ip": drop,
    "x-original-url": drop,
    "x-rewrite-url": drop,
    "http2-settings": drop,
    proxy: drop,
  },
  ["x-forwarded", "x-docklet"],
);

/**
 * What is dropped here speaks for the whole origin, and every workspace may share it: a tenant could take over its
 * neighbours' pages with a service worker, wipe their cookies, or move them to another port.
 */
export const RESPONSE_FIELDS = new FieldNames(
  {
    ...HOP_BY_HOP,
    "content-length": Kind.contentLength,
    "set-cookie": Kind.setCookie,
    location: Kind.location,
    "alt-svc": drop,
    "clear-site-data": drop,
    "expect-ct": drop,
    nel: drop,
    "public-key-pins": drop,
    "report-to": drop,
    "service-worker-allowed": drop,
    "strict-transport-security": drop,
  },
  ["x-docklet"],
);

/** What a Connection header must not take away: naming them there is an attack on what stands behind. */
const PROTECTED = new Set(["host", "content-length", "content-type", "cookie", "set-cookie", "origin", "expect"]);

/** The fields that `Connection` declares hop-by-hop, beyond the usual ones. Almost always none. */
export function namedByConnection(connection: readonly string[]): ReadonlySet<string> | null {
  let named: Set<string> | null = null;
  for (const token of connection) {
    if (token === "keep-alive" || token === "close" || token === "upgrade" || PROTECTED.has(token)) continue;
    named ??= new Set();
    named.add(token);
  }
  return named;
}

/** Fields that decide about framing, routing or identity: in a trailer they would come too late to be checked. */
const NEVER_TRAILER = new Set(["content-encoding", "content-type", "trailer"]);

export function allowedTrailer(name: string, fields: FieldNames): boolean {
  return !NEVER_TRAILER.has(name) && fields.kindOfName(name) === Kind.ordinary;
}
