/** Which header fields stay on this side of the gateway. Names in lower case. */

const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "transfer-encoding",
  "upgrade",
];

/** Never from a client: the gateway says these itself, or nobody does. */
const REQUEST_DROPPED = new Set([
  ...HOP_BY_HOP,
  "authorization",
  "cookie",
  "forwarded",
  "x-real-ip",
  "x-client-ip",
  "x-original-url",
  "x-rewrite-url",
  "http2-settings",
  "proxy",
]);

/**
 * Never from an upstream: these speak for the whole origin, and every workspace may share it. A tenant could take
 * over its neighbours' pages with a service worker, wipe their cookies, or move them to another port.
 */
const RESPONSE_DROPPED = new Set([
  ...HOP_BY_HOP,
  "alt-svc",
  "clear-site-data",
  "expect-ct",
  "nel",
  "public-key-pins",
  "report-to",
  "service-worker-allowed",
  "strict-transport-security",
]);

/** Fields that decide about framing, routing or identity: in a trailer they would come too late to be checked. */
const NEVER_TRAILER = new Set([
  "authorization",
  "content-encoding",
  "content-length",
  "content-type",
  "cookie",
  "host",
  "location",
  "set-cookie",
  "trailer",
]);

function isPrivate(name: string): boolean {
  return name.startsWith("x-") && (name.startsWith("x-forwarded") || name.startsWith("x-docklet"));
}

/** WSGI and CGI servers read `X_Forwarded_For` as `X-Forwarded-For`. */
function spelled(name: string): string {
  return name.includes("_") ? name.replaceAll("_", "-") : name;
}

export function dropsFromRequest(raw: string): boolean {
  const name = spelled(raw);
  return (
    REQUEST_DROPPED.has(name) || isPrivate(name) || (name !== raw && (name === "host" || name === "content-length"))
  );
}

export function dropsFromResponse(name: string): boolean {
  return RESPONSE_DROPPED.has(name) || name.startsWith("x-docklet");
}

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

export function allowedTrailer(name: string, fromClient: boolean): boolean {
  return !NEVER_TRAILER.has(name) && !(fromClient ? dropsFromRequest(name) : dropsFromResponse(name));
}
