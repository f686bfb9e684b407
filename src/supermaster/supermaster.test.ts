import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Server } from "bun";
import { type Credentials, type Stage, supermasterStage } from "../../test/kit/supermaster-stage.ts";
import type { Me } from "../contracts/public/index.ts";
import { until } from "../lib/retry.ts";
import type { SocketData } from "./api/sockets.ts";

/** The wing behind a real server: what only a socket can show. */
let stage: Stage;
let folder: string;
let server: Server<SocketData>;
let local: Server<SocketData>;
let alice: Credentials;
let origin: string;
const socketPath = () => join(folder, "api.sock");

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "docklet-sm-"));
  stage = await supermasterStage();
  stage.person("alice");
  alice = stage.session("alice");
  const { wing } = stage;
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch: (r, s) => wing.fetch(r, s),
    websocket: wing.websocket,
  });
  local = Bun.serve({
    unix: socketPath(),
    development: false,
    fetch: (r, s) => wing.fetchAsRoot(r, s),
    websocket: wing.websocket,
  });
  origin = `http://127.0.0.1:${server.port}`;
  await stage.json("POST", "/vclusters", { as: alice, body: { name: "lab" } });
});
afterEach(async () => {
  await server.stop(true);
  await local.stop(true);
  await stage.stop();
  rmSync(folder, { recursive: true });
});

function connect(path: string, headers: Record<string, string>) {
  const ws = new WebSocket(`${origin.replace("http", "ws")}/api/v1${path}`, { headers } as never);
  ws.binaryType = "arraybuffer";
  const got = { text: [] as string[], bytes: [] as number[][], open: false, code: 0 };
  ws.onopen = () => {
    got.open = true;
  };
  ws.onmessage = (e) => {
    if (typeof e.data === "string") got.text.push(e.data);
    else got.bytes.push([...new Uint8Array(e.data as ArrayBuffer)]);
  };
  ws.onclose = (e) => {
    got.code = e.code;
  };
  return { ws, got };
}
const wait = <T>(what: string, probe: () => T) => until(what, probe, { timeoutMs: 3000 });

describe("terminals over a real WebSocket", () => {
  const path = "/vclusters/lab/nodes/host-0/terminal?session=main&cols=100&rows=30";

  test("bytes there and back, resize, and the exit", async () => {
    const { ws, got } = connect(path, { cookie: alice.headers.cookie!, origin });
    await wait("open", () => got.open);
    ws.send(new TextEncoder().encode("hi"));
    await wait("echo", () => got.bytes.length > 0);
    expect(got.bytes).toEqual([[104, 105]]);
    const stream = stage.master.streams[0]!;
    ws.send(JSON.stringify({ type: "resize", cols: 0, rows: 0 }));
    await wait("resize", () => stream.size);
    stream.exit(0);
    await wait("close", () => got.code);
    expect([got.text, got.code]).toEqual([['{"type":"exit","code":0}'], 1000]);
  });

  test("needs our own Origin with a cookie: any other page, and none at all, is refused", async () => {
    for (const wrong of ["http://127.0.0.1:1", "null", undefined]) {
      const { got } = connect(path, { cookie: alice.headers.cookie!, ...(wrong ? { origin: wrong } : {}) });
      await wait("close", () => got.code);
      expect(got.open).toBe(false);
    }
    expect(stage.master.streams).toHaveLength(0);
    const { got, ws } = connect(path, alice.headers.cookie ? stage.token("alice").headers : {});
    await wait("a token needs none", () => got.open);
    ws.close();
  });

  test("closes when the session ends", async () => {
    const { got } = connect(path, { cookie: alice.headers.cookie!, origin });
    await wait("open", () => got.open);
    await stage.json("DELETE", "/session", { as: alice });
    await wait("close", () => got.code);
    expect(got.code).toBe(1008);
    await wait("the stream is left", () => stage.master.streams[0]!.closed);
  });

  test("of others' nodes, of nodes that are not there, and without a login: no upgrade", async () => {
    stage.person("mallory");
    const mallory = stage.session("mallory").headers.cookie!;
    for (const [p, headers] of [
      [path.replace("?", "?owner=alice&"), { cookie: mallory, origin }],
      [path, { cookie: mallory, origin }],
      [path, { origin }],
      [path.replace("host-0", "host-5"), { cookie: alice.headers.cookie!, origin }],
    ] as const) {
      const { got } = connect(p, headers);
      await wait("close", () => got.code);
      expect(got.open).toBe(false);
    }
  });
});

test("exec over a real WebSocket: stdin, stdout, stderr and the exit code", async () => {
  const { ws, got } = connect("/vclusters/lab/nodes/host-0/exec", stage.token("alice").headers);
  await wait("open", () => got.open);
  ws.send(JSON.stringify({ argv: ["cat"] }));
  ws.send(new TextEncoder().encode("x"));
  await wait("stdout", () => got.bytes.length > 0);
  stage.master.streams[0]!.say(2, "y");
  stage.master.streams[0]!.exit(42);
  await wait("close", () => got.code);
  expect(got.bytes).toEqual([
    [1, 120],
    [2, 121],
  ]);
  expect(got.text).toEqual(['{"type":"exit","code":42}']);
});

test("over the unix socket whoever asks is root, unless they bring a token", async () => {
  const ask = async (headers: Record<string, string> = {}) =>
    (await (await fetch("http://localhost/api/v1/me", { unix: socketPath(), headers })).json()) as Me;
  expect(await ask()).toMatchObject({ user: { name: "root" }, csrf: null });
  expect((await ask(stage.token("alice").headers)).user.name).toBe("alice");
  const made = await fetch("http://localhost/api/v1/groups", {
    unix: socketPath(),
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"name":"staff"}',
  });
  expect(made.status).toBe(201);
});

test("a server that stops ends streams and terminals, and takes no new ones", async () => {
  const stream = await fetch(`${origin}/api/v1/events/stream`, { headers: alice.headers });
  const { ws, got } = connect("/vclusters/lab/nodes/host-0/terminal", stage.token("alice").headers);
  await wait("open", () => got.open);
  stage.wing.closeStreams();
  expect(await stream.text()).toContain('"hello"');
  await wait("close", () => got.code);
  expect((await fetch(`${origin}/api/v1/events/stream`, { headers: alice.headers })).status).toBe(503);
  ws.close();
});

test("nothing in a request makes it one of the unix socket", async () => {
  for (const headers of [
    { "x-forwarded-for": "127.0.0.1" },
    { host: "localhost" },
    { "x-trusted-root": "true" },
  ] as Record<string, string>[]) {
    expect((await fetch(`${origin}/api/v1/me`, { headers })).status).toBe(401);
  }
});

test("a body of 100 MB to a JSON route is refused, and the server goes on", async () => {
  const body = new Uint8Array(100 * 1024 * 1024).fill(32);
  const headers = { ...stage.token("alice").headers, "content-type": "application/json" };
  const r = await fetch(`${origin}/api/v1/vclusters`, { method: "POST", headers, body });
  expect(r.status).toBe(413);
  expect((await fetch(`${origin}/healthz`)).status).toBe(200);
});

test("the first start makes root and leaves the password in a file that only root can read", async () => {
  const file = join(folder, "local", "generated_password.txt");
  const { createSupermaster } = await import("./supermaster.ts");
  const { Store } = await import("../store/store.ts");
  const { loadMigrations } = await import("../store/migrate.ts");
  const { listAssets, readAsset } = await import("../os/assets.ts");
  const { silentLogger } = await import("../lib/log.ts");
  const store = Store.open(
    ":memory:",
    loadMigrations(listAssets("migrations/supermaster"), (f) => readAsset(`migrations/supermaster/${f}`)),
  );
  const { master, clock } = stage;
  const make = () =>
    createSupermaster({
      store,
      master,
      clock,
      log: silentLogger,
      config: { SESSION_HOURS: 1, PROXY_PORT: 8000, WORKSPACE_DOMAIN: null, PORTAL_URL: null, DEFAULT_IMAGE: "base" },
      version: { version: "0", commit: "0", bun: "1", sqlite: "3", schema: {}, wire: 1 },
      effectiveConfig: () => [],
      passwordFile: file,
    });
  const first = make();
  await first.start();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const password = readFileSync(file, "utf8").trim();
  const env = { peer: { address: "192.0.2.1", keepOpen: () => {}, upgrade: () => false }, trustedRoot: false };
  const login = (w: typeof first) =>
    w.app.fetch(
      new Request("http://x/api/v1/session", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ username: "root", password }),
      }),
      env,
    );
  expect((await login(first)).status).toBe(200);
  await first.stop();
  rmSync(file);
  const second = make();
  await second.start();
  expect(existsSync(file)).toBe(false);
  expect((await login(second)).status).toBe(200);
  await second.stop();
  store.close();
});
