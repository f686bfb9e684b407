import type { Context } from "./context.ts";
import { workspaceCookie } from "./cookies.ts";
import { Refusal } from "./refusal.ts";
import type { Route } from "./routing.ts";

const COOKIE_VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/;

/** Trades a ticket for this workspace's cookie. Returns the header line that sets it, or nothing when the browser has a good one already. */
export async function redeem(ctx: Context, where: Route, ticket: string, cookie: string | null): Promise<string> {
  const granted = /^[\w.~-]{1,512}$/.test(ticket) ? await ctx.decisions.api.redeem(ticket, where.slug) : null;
  if (granted !== null) {
    if (!COOKIE_VALUE.test(granted.cookie))
      throw new Error("the cookie of a ticket has characters that no cookie may have");
    return `Set-Cookie: ${workspaceCookie(where.slug, granted.cookie, granted.maxAgeSeconds)}\r\n`;
  }
  // Reloading, or going back to, a link that was used is no error for whoever is in already.
  const decision = await ctx.decisions.ask(where.slug, cookie, where.port);
  if (decision.kind !== "login" && decision.kind !== "deny") return "";
  throw new Refusal(
    403,
    "bad_ticket",
    "This link was used before, or is too old.",
    "Open the workspace from the portal again.",
  );
}

/** Where the portal issues a ticket for this place and sends the browser back. */
export function openUrl(portalUrl: string, where: Route): string {
  const path = where.target.slice(where.slug.length + 1);
  return `${portalUrl.replace(/\/$/, "")}/open?slug=${where.slug}&path=${encodeURIComponent(path)}`;
}
