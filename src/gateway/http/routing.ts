import { PORT_SEGMENT, SLUG, TICKET_PARAM } from "../../contracts/gateway.ts";
import type { RequestHead } from "./head-parser.ts";
import { malformed, Refusal } from "./refusal.ts";

export interface Route {
  kind: "workspace";
  slug: string;
  /** null: the node's Jupyter. */
  port: number | null;
  /** `/<slug>` or `/<slug>/port/<n>`: where this upstream's own paths begin. */
  prefix: string;
  /** The whole target without a ticket. */
  target: string;
  /** What follows `prefix` in it, beginning with a slash. */
  rest: string;
  ticket: string | null;
}

export type Routing = Route | { kind: "redirect"; location: string } | { kind: "front" };

/** What no honest client puts into the part of a path that decides who gets the request. */
const TRICK = /%2f|%5c|%00|%2e|\\|^\.{1,2}$/i;
const DOT_SEGMENT = /\/(?:\.|%2e){2}(?:[/?]|$)/i;

/**
 * Says whose request this is, from the path as it came: it is never decoded, so there is no second reading of it.
 * `wildcardDomain`: then the host name must be `<slug>.<domain>` and agree with the path.
 */
export function route(head: RequestHead, wildcardDomain: string | null): Routing {
  const target = head.target;
  if (target.charCodeAt(0) !== 0x2f) {
    throw malformed("The request target must be a path: this is no forward proxy.");
  }
  const hostSlug = wildcardDomain === null ? null : slugOfHost(head.host, wildcardDomain);
  const mark = target.indexOf("?");
  const pathEnd = mark < 0 ? target.length : mark;
  let segmentEnd = target.indexOf("/", 1);
  if (segmentEnd < 0 || segmentEnd > pathEnd) segmentEnd = pathEnd;
  const slug = target.slice(1, segmentEnd);
  if (slug === "") {
    if (target.charCodeAt(1) === 0x2f) throw malformed("The path begins with two slashes.");
    return hostSlug === null
      ? { kind: "front" }
      : { kind: "redirect", location: `/${hostSlug}/${target.slice(pathEnd)}` };
  }
  const good = SLUG.test(slug);
  if (!good && TRICK.test(slug)) throw malformed("The first part of the path has an encoded slash, dot or zero byte.");
  if (target.includes("..", segmentEnd) || target.includes("%", segmentEnd)) {
    if (DOT_SEGMENT.test(target.slice(segmentEnd, pathEnd))) throw malformed("The path has a .. segment.");
  }
  if (!good || (hostSlug !== null && slug !== hostSlug)) throw unknownWorkspace();
  return inWorkspace(target, slug, segmentEnd, pathEnd);
}

function inWorkspace(target: string, slug: string, segmentEnd: number, pathEnd: number): Routing {
  const { query, ticket } = takeTicket(target.slice(pathEnd));
  if (segmentEnd === pathEnd && ticket === null) return { kind: "redirect", location: `/${slug}/${query}` };
  const path = segmentEnd === pathEnd ? `/${slug}/` : target.slice(0, pathEnd);
  const base = `/${slug}`;
  const common = { kind: "workspace" as const, slug, ticket };
  if (!path.startsWith(`/${PORT_SEGMENT}/`, base.length) && path !== `${base}/${PORT_SEGMENT}`) {
    const whole = path + query;
    return { ...common, port: null, prefix: base, target: whole, rest: whole.slice(base.length) };
  }
  const numberAt = base.length + PORT_SEGMENT.length + 2;
  const slash = path.indexOf("/", numberAt);
  const digits = path.slice(numberAt, slash < 0 ? path.length : slash);
  if (!/^[1-9]\d{0,4}$/.test(digits) || Number(digits) > 65_535) {
    throw new Refusal(
      404,
      "not_found",
      "That is not a port number.",
      `Write /${slug}/${PORT_SEGMENT}/8888/ for port 8888.`,
    );
  }
  const prefix = `${base}/${PORT_SEGMENT}/${digits}`;
  if (slash < 0 && ticket === null) return { kind: "redirect", location: `${prefix}/${query}` };
  const whole = (slash < 0 ? `${prefix}/` : path) + query;
  return { ...common, port: Number(digits), prefix, target: whole, rest: whole.slice(prefix.length) };
}

export function unknownWorkspace(): Refusal {
  return new Refusal(404, "not_found", "There is no such workspace.", "Open it from the portal.");
}

function slugOfHost(host: string, domain: string): string {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  const slug = name.endsWith(`.${domain.toLowerCase()}`) ? name.slice(0, -domain.length - 1) : "";
  if (!SLUG.test(slug)) {
    throw new Refusal(
      421,
      "misdirected",
      "This host name belongs to no workspace.",
      "Open the workspace from the portal.",
    );
  }
  return slug;
}

/** Takes every ticket out of a query string (with its `?`); the first one counts. */
function takeTicket(query: string): { query: string; ticket: string | null } {
  if (!query.includes(TICKET_PARAM)) return { query, ticket: null };
  let ticket: string | null = null;
  const kept = query
    .slice(1)
    .split("&")
    .filter((pair) => {
      if (pair !== TICKET_PARAM && !pair.startsWith(`${TICKET_PARAM}=`)) return true;
      ticket ??= pair.slice(TICKET_PARAM.length + 1);
      return false;
    });
  return { query: kept.length > 0 ? `?${kept.join("&")}` : "", ticket };
}
