import { COOKIE_PREFIX } from "../../contracts/gateway.ts";

/** Cookies of docklet itself: the portal's (same host, other port: browsers send them here too) and the gateway's. */
const OWN = /^(?:__host-|__secure-)?(?:dk_|dkw_|dk$)|^__host-dk/i;

export function isOwnCookie(name: string): boolean {
  return OWN.test(name);
}

/** The value of this slug's cookie, and the Cookie header for the upstream (null: nothing left). */
export function splitCookies(header: string, slug: string): { own: string | null; forwarded: string | null } {
  if (!/dk/i.test(header)) return { own: null, forwarded: header };
  const wanted = COOKIE_PREFIX + slug;
  let own: string | null = null;
  const kept: string[] = [];
  for (const part of header.split(";")) {
    const pair = part.trim();
    const eq = pair.indexOf("=");
    const name = eq < 0 ? pair : pair.slice(0, eq).trimEnd();
    if (name === wanted) own ??= pair.slice(eq + 1).trim();
    else if (pair !== "" && !isOwnCookie(name)) kept.push(pair);
  }
  return { own, forwarded: kept.length > 0 ? kept.join("; ") : null };
}

/**
 * A Set-Cookie of an upstream as it may go out: for this host only, and only below the upstream's own prefix, since
 * all workspaces may share one host. null: it tries to be one of docklet's cookies, or is none at all.
 */
export function confineSetCookie(value: string, prefix: string, stripped: boolean): string | null {
  const [pair = "", ...attributes] = value.split(";");
  const eq = pair.indexOf("=");
  if (eq <= 0 || isOwnCookie(pair.slice(0, eq).trim())) return null;
  const out = [pair.trim()];
  for (const attribute of attributes) {
    const text = attribute.trim();
    const at = text.indexOf("=");
    const key = (at < 0 ? text : text.slice(0, at)).trim().toLowerCase();
    if (key === "domain" || text === "") continue;
    out.push(key === "path" ? `Path=${confinePath(at < 0 ? "" : text.slice(at + 1).trim(), prefix, stripped)}` : text);
  }
  return out.join("; ");
}

function confinePath(path: string, prefix: string, stripped: boolean): string {
  if (path === prefix || path.startsWith(`${prefix}/`)) return path;
  return stripped && path.startsWith("/") ? prefix + path : `${prefix}/`;
}

export function workspaceCookie(slug: string, value: string, maxAgeSeconds: number): string {
  return `${COOKIE_PREFIX}${slug}=${value}; Path=/${slug}/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax`;
}
