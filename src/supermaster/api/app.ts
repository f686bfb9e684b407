import { Hono } from "hono";
import { DockletError } from "../../lib/errors.ts";
import { actorName } from "../accounts/actor.ts";
import { can } from "../accounts/policy.ts";
import { authenticate } from "./authenticate.ts";
import { docsPage } from "./docs-page.ts";
import type { JsonRoute } from "./handler.ts";
import { accountHandlers } from "./handlers/accounts.ts";
import { peopleHandlers } from "./handlers/people.ts";
import { systemHandlers } from "./handlers/system.ts";
import { vclusterHandlers } from "./handlers/vclusters.ts";
import { openApi } from "./openapi.ts";
import { portalAnswer } from "./portal-assets.ts";
import { answerError, problemResponse } from "./problem.ts";
import { ReadinessChecks } from "./readiness.ts";
import { API, methodsOf, ROUTES } from "./route-match.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import { type AnyHandler, askOf, type Env, type Parts, refuse, serve } from "./serve.ts";

export type App = Hono<{ Bindings: Env }>;

/** The whole HTTP side of the wing: API, probes, metrics and the portal's files. */
export function createApp(parts: Parts): App {
  const { wing } = parts;
  const { base } = wing;
  const app: App = new Hono<{ Bindings: Env }>();
  const handlers: { [N in JsonRoute]: unknown } = {
    ...accountHandlers(wing),
    ...peopleHandlers(wing),
    ...vclusterHandlers(wing),
    ...systemHandlers(wing),
  };

  for (const [name, route] of ROUTES) {
    app.on(route.method, `${API}${route.path}`, async (c) => {
      const began = base.clock.monotonic();
      const ask = askOf(wing, c.req.raw, c.env);
      let response: Response;
      try {
        response = await serve(
          parts,
          name,
          route,
          handlers[name as JsonRoute] as AnyHandler,
          ask,
          c.req.param(),
          c.env.trustedRoot,
        );
      } catch (e) {
        response = refuse(wing, route, ask, e);
      }
      const seconds = (base.clock.monotonic() - began) / 1000;
      parts.metrics.observe(name, route.method, response.status, seconds);
      const line = {
        requestId: ask.requestId,
        route: name,
        status: response.status,
        ms: Math.round(seconds * 1e5) / 100,
        actor: actorName(ask.actor),
        address: ask.address,
      };
      if (route.method === "GET") base.log.debug(line, "request");
      else base.log.info(line, "request");
      return response;
    });
  }

  const readiness = new ReadinessChecks(base);
  const plain = (text: string, status = 200, type = "text/plain; charset=utf-8") =>
    new Response(text, { status, headers: { ...SECURITY_HEADERS, "content-type": type, "cache-control": "no-store" } });
  app.get("/healthz", () => plain("ok\n"));
  app.get("/readyz", async () => {
    const answer = await readiness.ask();
    return plain(`${JSON.stringify(answer)}\n`, answer.ready ? 200 : 503, "application/json");
  });
  app.get("/metrics", async (c) => {
    const ask = askOf(wing, c.req.raw, c.env);
    ask.actor = authenticate(wing.identity, c.req.raw, c.env.trustedRoot);
    if (!isLoopback(ask.address) && !can(ask.actor, "config.read")) {
      const e = new DockletError(
        "forbidden",
        "Metrics are for this host and for admins.",
        "Send an admin's API token.",
      );
      return answerError(e, ask.requestId, base.log);
    }
    return plain(await parts.metrics.text(), 200, parts.metrics.contentType);
  });
  app.get(`${API}/openapi.json`, () => plain(JSON.stringify(openApi(base.version.version)), 200, "application/json"));
  app.get(`${API}/docs`, () => plain(docsPage(openApi(base.version.version)), 200, "text/html; charset=utf-8"));

  app.notFound((c) => {
    const path = c.req.path;
    if (path !== "/api" && !path.startsWith("/api/")) {
      const page = base.asset && portalAnswer(base.asset, c.req.raw, path);
      if (page) return page;
    }
    const ask = askOf(wing, c.req.raw, c.env);
    const methods = methodsOf(path);
    const response =
      methods.length > 0
        ? problemResponse(
            405,
            new DockletError(
              "bad_request",
              `${path} can't be asked with ${c.req.method}.`,
              `It knows ${methods.join(", ")}.`,
            ),
            ask.requestId,
          )
        : problemResponse(
            404,
            new DockletError("not_found", "There is nothing at this address.", `The API is described at ${API}/docs.`),
            ask.requestId,
          );
    if (methods.length > 0) response.headers.set("allow", methods.join(", "));
    parts.metrics.observe("none", "any", response.status, 0);
    return response;
  });
  app.onError((e, c) => answerError(e, askOf(wing, c.req.raw, c.env).requestId, base.log));
  return app;
}

function isLoopback(address: string): boolean {
  return address === "local" || address === "::1" || /^(::ffff:)?127\./.test(address);
}
