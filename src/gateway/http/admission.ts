import type { Decision } from "../../contracts/gateway.ts";
import type { Context } from "./context.ts";
import { splitCookies } from "./cookies.ts";
import type { Allowed } from "./decisions.ts";
import type { RequestHead } from "./head-parser.ts";
import { checkOrigin } from "./origin.ts";
import { isNavigation, notReady, type OwnAnswer } from "./own-answer.ts";
import { Refusal } from "./refusal.ts";
import { type Route, route, unknownWorkspace } from "./routing.ts";
import { openUrl, redeem } from "./ticket.ts";
import { requestedUpgrade } from "./upgrade.ts";

/** A request that is for some workspace and comes from a place that may ask. */
export interface Visit {
  kind: "visit";
  route: Route;
  /** Value of this workspace's cookie. */
  cookie: string | null;
  /** The Cookie header that may go on to the node. */
  cookies: string | null;
  /** The protocol that it wants to switch to. */
  upgrade: string | null;
}

export interface Redirect {
  kind: "redirect";
  status: 303 | 308;
  location: string;
  /** Further header lines. */
  headers: string;
}

export type Outcome = Redirect | { kind: "go"; decision: Allowed } | { kind: "answer"; answer: OwnAnswer };

const redirect = (status: 303 | 308, location: string, headers = ""): Redirect => ({
  kind: "redirect",
  status,
  location,
  headers,
});

/** What can be said from the head alone. Throws a Refusal. */
export function enter(ctx: Context, head: RequestHead): Visit | Redirect {
  const { options } = ctx;
  if (head.method === "TRACE" || head.method === "CONNECT") {
    throw new Refusal(405, "method_not_allowed", `${head.method} is not served here.`);
  }
  const where = route(head, options.wildcardDomain);
  if (where.kind === "redirect") return redirect(308, where.location);
  if (where.kind === "front") {
    if (!isNavigation(head)) throw unknownWorkspace();
    return redirect(303, options.portalUrl(head.host));
  }
  const upgrade = requestedUpgrade(head);
  checkOrigin(head, upgrade !== null, options.origins);
  if (head.cookie === null) return { kind: "visit", route: where, cookie: null, cookies: null, upgrade };
  const { own, forwarded } = splitCookies(head.cookie, where.slug);
  return { kind: "visit", route: where, cookie: own, cookies: forwarded, upgrade };
}

/** What the wing behind the gateway says; without a promise when it is known. */
export function admit(ctx: Context, head: RequestHead, visit: Visit): Outcome | Promise<Outcome> {
  const { route: where, cookie } = visit;
  const readOnly = head.method === "GET" || head.method === "HEAD";
  if (where.ticket !== null && readOnly && visit.upgrade === null) {
    return redeem(ctx, where, where.ticket, cookie).then((headers) => redirect(303, where.target, headers));
  }
  const known = ctx.decisions.known(where.slug, cookie, where.port);
  if (known !== null) return { kind: "go", decision: known };
  return ctx.decisions.ask(where.slug, cookie, where.port).then((decision) => act(ctx, head, where, decision));
}

function act(ctx: Context, head: RequestHead, where: Route, decision: Decision): Outcome {
  const portal = ctx.options.portalUrl(head.host);
  switch (decision.kind) {
    case "allow":
      return { kind: "go", decision };
    case "wait":
    case "down":
      return { kind: "answer", answer: notReady(decision, portal) };
    case "login":
      if (isNavigation(head)) return redirect(303, openUrl(portal, where));
      throw new Refusal(
        401,
        "unauthenticated",
        "You have no access to this workspace yet.",
        "Open it from the portal.",
      );
    case "deny":
      throw new Refusal(403, "forbidden", decision.message, "Ask the owner of the vcluster for access.");
  }
}
