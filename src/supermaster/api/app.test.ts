import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Stage, supermasterStage } from "../../../test/kit/supermaster-stage.ts";
import { DockletError } from "../../lib/errors.ts";
import type { OpenApi } from "./openapi.ts";
import { ROUTES } from "./route-match.ts";

let stage: Stage;
beforeEach(async () => {
  const files: Record<string, string> = { "/index.html": "<!doctype html>portal", "/app.abc.js": "js" };
  stage = await supermasterStage({
    asset: (path) =>
      files[path] === undefined
        ? null
        : new Response(files[path], { headers: { "content-type": "text/x", "cache-control": "max-age=9" } }),
    moreMetrics: () => "docklet_nodes 4\n",
  });
});
afterEach(() => stage.stop());

describe("probes", () => {
  test("healthz is alive, readyz names its checks", async () => {
    expect(await (await stage.call("GET", "/~healthz")).text()).toBe("ok\n");
    const ready = await stage.call("GET", "/~readyz");
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { ready: true, degraded: false, checks: { store: null, master: null, worker: null } },
    ]);
  });

  test("a part that fails is told, and does not shut people out; without a master nothing goes", async () => {
    stage.master.checks.worker = "the pool is not mounted";
    const r = await stage.call("GET", "/~readyz");
    expect([r.status, await r.json()]).toEqual([
      200,
      { ready: true, degraded: true, checks: { store: null, master: null, worker: "the pool is not mounted" } },
    ]);
    stage.clock.pass(3000);
    stage.master.failNext("health", new Error("no answer"));
    const gone = await stage.call("GET", "/~readyz");
    expect([gone.status, await gone.json()]).toMatchObject([503, { ready: false, checks: { master: "no answer" } }]);
  });

  test("metrics are for this host and for admins, and carry those of other wings", async () => {
    expect((await stage.call("GET", "/~metrics")).status).toBe(403);
    expect((await stage.call("GET", "/~metrics", { as: stage.token("root", ["admin"]) })).status).toBe(200);
    await stage.call("GET", "/me");
    const text = await (await stage.call("GET", "/~metrics", { address: "127.0.0.1" })).text();
    expect(text).toContain('docklet_http_requests_total{route="me",method="GET",status="401"} 1');
    expect(text).toContain("docklet_nodes 4");
    expect(text).toContain("docklet_operations_running 0");
  });
});

describe("the portal's files", () => {
  test("files as they are, pages by their address, nothing else", async () => {
    const page = await stage.call("GET", "/~vcluster/lab");
    expect([await page.text(), page.headers.get("cache-control")]).toEqual(["<!doctype html>portal", "no-cache"]);
    const file = await stage.call("GET", "/~app.abc.js");
    expect([await file.text(), file.headers.get("cache-control")]).toEqual(["js", "max-age=9"]);
    expect((await stage.call("GET", "/~missing.js")).status).toBe(404);
    expect((await stage.call("POST", "/~vcluster/lab")).status).toBe(404);
    expect((await stage.call("GET", "/api/nothing")).headers.get("content-type")).toBe("application/problem+json");
  });

  test("every answer carries the security headers", async () => {
    for (const path of ["/~", "/~app.abc.js", "/~healthz", "/me", "/nothing", "/docs"]) {
      const { headers } = await stage.call("GET", path);
      expect(headers.get("content-security-policy")).toContain("default-src 'self'");
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
      expect(headers.get("content-security-policy")).not.toContain("script-src 'self' 'unsafe");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
    }
  });
});

describe("errors", () => {
  test("what is no DockletError reaches people as a request id only", async () => {
    stage.master.failNext("images", new Error("SELECT secret FROM somewhere"));
    const r = await stage.call("GET", "/images", { as: stage.session("root") });
    const text = await r.text();
    expect(r.status).toBe(500);
    expect(text).not.toContain("secret");
    expect(text).toContain(r.headers.get("x-request-id")!);
  });

  test("a full disk is 507, and reading goes on", async () => {
    stage.master.failNext("create", Object.assign(new Error("x"), { code: "ENOSPC" }));
    const as = stage.session("root");
    expect((await stage.call("POST", "/vclusters", { as, body: {} })).status).toBe(507);
    expect((await stage.call("GET", "/vclusters", { as })).status).toBe(200);
  });

  test("the master's own refusals pass as they are", async () => {
    stage.master.failNext("deleteImage", new DockletError("conflict", "Two vclusters use it.", "Delete them first."));
    const r = await stage.call("DELETE", "/images/mini", { as: stage.session("root") });
    expect([r.status, await r.json()]).toEqual([
      409,
      expect.objectContaining({ message: "Two vclusters use it.", hint: "Delete them first." }),
    ]);
  });
});

describe("OpenAPI", () => {
  test("describes every route, and every reference leads somewhere", async () => {
    const api = (await (await stage.call("GET", "/api/v1/openapi.json")).json()) as OpenApi;
    expect(api.openapi).toBe("3.1.0");
    const ids = Object.values(api.paths).flatMap((p) => Object.values(p).map((o) => o.operationId));
    expect(ids.sort()).toEqual(ROUTES.map(([name]) => name).sort());
    const text = JSON.stringify(api);
    const refs = new Set([...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((m) => m[1]!));
    expect(refs.size).toBeGreaterThan(15);
    expect([...refs].filter((r) => !api.components.schemas[r])).toEqual([]);
    expect(text).not.toContain("$defs");
    const create = api.paths["/vclusters"]!.post!;
    expect(create.requestBody?.content["application/json"]?.schema).toEqual({
      $ref: "#/components/schemas/VclusterCreate",
    });
    expect(create.parameters.map((p) => p.name)).toEqual(["Idempotency-Key"]);
  });

  test("the page is whole: no script, nothing from another host", async () => {
    const r = await stage.call("GET", "/api/v1/docs");
    const html = await r.text();
    expect(r.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(html).toContain("POST /vclusters");
    expect(html).not.toMatch(/<script|src=|https?:\/\//);
    const targets = [...html.matchAll(/href="#([\w-]+)"/g)].map((m) => m[1]!);
    expect(targets.filter((t) => !html.includes(`id="${t}"`))).toEqual([]);
  });
});
