import type { Route, RouteName } from "../../contracts/public/index.ts";
import { DockletError, isDocklet } from "../../lib/errors.ts";
import { longId } from "../../lib/ids.ts";
import { demand } from "../accounts/policy.ts";
import type { Wing } from "../wing.ts";
import { Ask, type Peer } from "./ask.ts";
import { authenticate, demandOwnPage } from "./authenticate.ts";
import { parseJson, readBody } from "./body.ts";
import type { EventStreams } from "./event-stream.ts";
import type { Idempotency } from "./idempotency.ts";
import type { Metrics } from "./metrics.ts";
import { answerError, invalid } from "./problem.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import type { Sockets } from "./sockets.ts";

/** What comes along with a request that is not in it. */
export interface Env {
  peer: Peer;
  /** It came over the root-only socket. */
  trustedRoot: boolean;
}

export interface Parts {
  wing: Wing;
  streams: EventStreams;
  sockets: Sockets;
  metrics: Metrics;
  idempotency: Idempotency;
}

export type AnyHandler = (ask: Ask, input: { params: never; query: never; body: never }) => unknown;

const JSON_HEADERS = { ...SECURITY_HEADERS, "content-type": "application/json", "cache-control": "no-store" };

export function askOf(wing: Wing, request: Request, env: Env): Ask {
  const url = new URL(request.url);
  const given = request.headers.get("x-request-id");
  const requestId = given !== null && /^[A-Za-z0-9-]{8,64}$/.test(given) ? given : longId("req").replace("_", "-");
  const portal = wing.base.config.PORTAL_URL ? new URL(wing.base.config.PORTAL_URL) : null;
  // Behind a proxy that speaks TLS the browser's origin is the portal's public address, not ours.
  const secure = url.protocol === "https:" || (portal?.protocol === "https:" && portal.host === url.host);
  const origins = portal && portal.origin !== url.origin ? [url.origin, portal.origin] : [url.origin];
  return new Ask(request, url, requestId, env.peer, origins, secure, wing.denials);
}

/** The order is the point: who, from where, may they try, is it well-formed, and only then the work. */
export async function serve(
  parts: Parts,
  name: RouteName,
  route: Route,
  handler: AnyHandler,
  ask: Ask,
  path: Record<string, string>,
  trustedRoot: boolean,
): Promise<Response> {
  const { wing, idempotency } = parts;
  ask.actor = authenticate(wing.identity, ask.request, trustedRoot);
  demand(ask.actor, route.action);
  demandOwnPage(ask, route.action === "public");
  const params = checked(route.params, path, "path");
  const query = checked(route.query, Object.fromEntries(ask.url.searchParams), "query");
  if (route.stream === "sse") return parts.streams.open(ask);
  if (route.stream === "websocket") return await socket(parts, name, ask, params as SocketPath, query as SocketQuery);
  const sent = route.body ? parseJson(await readBody(ask.request), ask.request.headers.get("content-type")) : undefined;
  const body = checked(route.body, sent, "body");
  const answer = await idempotency.run(ask, name, body, async () => {
    const result = await handler(ask, { params: params as never, query: query as never, body: body as never });
    return { status: route.status ?? (route.response ? 200 : 204), body: route.response ? JSON.stringify(result) : "" };
  });
  const headers = new Headers(JSON_HEADERS);
  headers.set("x-request-id", ask.requestId);
  for (const [k, v] of ask.answerHeaders) headers.append(k, v);
  if (answer.status === 204) headers.delete("content-type");
  return new Response(answer.status === 204 ? null : answer.body, { status: answer.status, headers });
}

function checked(type: Route["body"], value: unknown, where: "path" | "query" | "body"): unknown {
  if (!type) return undefined;
  const result = type.safeParse(value);
  if (!result.success) throw invalid(result.error, where);
  return result.data;
}

type SocketPath = { name: string; node: string };
type SocketQuery = { owner?: string; session?: string; cols?: number; rows?: number };

async function socket(
  { wing, sockets }: Parts,
  name: RouteName,
  ask: Ask,
  path: SocketPath,
  query: SocketQuery,
): Promise<Response> {
  const found = wing.vclusters.find(ask, "vcluster.use", path.name, query.owner);
  const v = await wing.vclusters.show(found);
  if (!v.nodes.some((n) => n.name === path.node)) {
    throw new DockletError("not_found", `"${v.name}" has no node ${path.node}.`, "Nodes are host-0, host-1, …");
  }
  const terminal = {
    kind: "terminal",
    session: query.session ?? "main",
    cols: query.cols ?? 80,
    rows: query.rows ?? 24,
  } as const;
  return sockets.accept(ask, found, path.node, name === "exec" ? { kind: "exec" } : terminal);
}

/** A refusal as an answer, and into the history when somebody tried what is not theirs. */
export function refuse(wing: Wing, route: Route, ask: Ask, e: unknown): Response {
  // Pages that ask "who am I" before a login are no attempts at anything.
  const harmless = route.method === "GET" && !ask.request.headers.has("authorization");
  if (isDocklet(e, "forbidden") || (isDocklet(e, "unauthenticated") && !harmless && route.action !== "public")) {
    const owner = ask.actor.kind === "person" ? ask.actor.person : null;
    ask.denied(route.action, ask.url.pathname.slice(0, 200), e.message, owner?.id ?? null, owner?.name);
  }
  return answerError(e, ask.requestId, wing.base.log);
}
