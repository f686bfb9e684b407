import { DockletError } from "../../lib/errors.ts";
import type { Actor } from "../accounts/actor.ts";
import { anonymous } from "../accounts/actor.ts";
import type { Identity } from "../accounts/identity.ts";
import { sameText } from "../accounts/secret.ts";
import type { Ask } from "./ask.ts";

export const SESSION_COOKIE = "dk_session";
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** Who makes this request. Wrong credentials are nobody, with the reason; never an error by themselves. */
export function authenticate(identity: Identity, request: Request, trustedRoot: boolean): Actor {
  const authorization = request.headers.get("authorization");
  if (authorization !== null) {
    const [scheme = "", secret = ""] = authorization.split(" ", 2);
    if (scheme.toLowerCase() === "bearer") return identity.byToken(secret);
    return anonymous({
      message: "This kind of Authorization is not known here.",
      hint: "Send Bearer and an API token.",
    });
  }
  if (trustedRoot) return identity.root();
  const cookies = request.headers.get("cookie");
  if (cookies === null) return anonymous();
  const values = sessionCookies(cookies);
  return values.length === 0 ? anonymous() : identity.bySessionCookies(values);
}

function sessionCookies(header: string): string[] {
  if (header.length > 16_384 || !header.includes(SESSION_COOKIE)) return [];
  return header
    .split(";")
    .map((p) => p.trim())
    .filter((p) => p.startsWith(`${SESSION_COOKIE}=`))
    .map((p) => p.slice(SESSION_COOKIE.length + 1))
    .filter((v) => v !== "")
    .slice(0, 4);
}

const foreign = () =>
  new DockletError("forbidden", "This request came from a page of another site.", "Use docklet's own portal.");

/**
 * A cookie goes along with whatever page asks, also one that a tenant serves on another port of this host.
 * So writes of a cookie session need the token that only our own pages can read, and an Origin that is ours.
 */
export function demandOwnPage(ask: Ask, publicWrite: boolean): void {
  if (SAFE.has(ask.request.method)) return;
  const byCookie = ask.actor.kind === "person" && ask.actor.via.kind === "session";
  if (!byCookie && !publicWrite) return;
  const origin = ask.request.headers.get("origin");
  if (origin !== null && !ask.origins.includes(origin)) throw foreign();
  const site = ask.request.headers.get("sec-fetch-site");
  if (origin === null && site !== null && site !== "same-origin" && site !== "none") throw foreign();
  if (publicWrite || ask.actor.kind !== "person" || ask.actor.via.kind !== "session") return;
  const token = ask.request.headers.get("x-csrf-token");
  if (token === null || !sameText(token, ask.actor.via.csrf)) {
    throw new DockletError(
      "forbidden",
      "The X-CSRF-Token of this request is missing or not this session's.",
      "Take it from GET /api/v1/session; a reload of the page does that.",
      { reason: "csrf" },
    );
  }
}

/** Browsers let any page open a WebSocket anywhere and send the cookies along: only ours may. */
export function demandOwnSocket(ask: Ask): void {
  const origin = ask.request.headers.get("origin");
  const byCookie = ask.actor.kind === "person" && ask.actor.via.kind === "session";
  if (byCookie ? origin === null || !ask.origins.includes(origin) : origin !== null && !ask.origins.includes(origin)) {
    throw foreign();
  }
}

export function sessionCookie(secret: string, maxAgeSeconds: number, secure: boolean): string {
  return `${SESSION_COOKIE}=${secret}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
}
