import { join, normalize } from "node:path";
import type { ServerWebSocket } from "bun";
import {
  type Problem,
  type Route,
  type RouteName,
  routes,
  type StreamFrame,
} from "../../src/contracts/public/index.ts";
import { asDocklet, DockletError } from "../../src/lib/errors.ts";
import { randomSecret } from "../../src/lib/ids.ts";
import { handlers, meOf } from "./fake-portal/handlers.ts";
import { measureHosts } from "./fake-portal/hosts.ts";
import { sampleOf, seededWorld } from "./fake-portal/seed.ts";
import type { Account, World } from "./fake-portal/world.ts";

/** The headers that the real portal sends: what the app needs beyond them would show up here as an error. */
export const PORTAL_CSP =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

interface Terminal {
  key: string;
}
export interface FakePortal {
  readonly url: string;
  readonly world: World;
  /** Answers the next call of this route with a problem. */
  failNext(route: RouteName, error: DockletError): void;
  /** Cuts every stream and terminal, as a network would; `down` refuses new ones until `up`. */
  cut(): void;
  down(): void;
  up(): void;
  /** What was typed into a session, "host-0/main" → bytes as text. */
  typed(session: string): string;
  /** Sends bytes to whoever looks at a session. */
  print(session: string, text: string): void;
  stop(): Promise<void>;
}

/** The public API in memory, with the built portal in front: for developing and testing the portal alone. */
export function startFakePortal(options: { dist: string; port?: number; world?: World }): FakePortal {
  const world = options.world ?? seededWorld();
  const failures = new Map<RouteName, DockletError>();
  const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const sockets = new Set<ServerWebSocket<Terminal>>();
  const screens = new Map<string, { out: string; typed: string }>();
  let refusing = false;
  const screen = (key: string) => {
    const known = screens.get(key) ?? { out: `root@${key.split("/")[0]}:~# `, typed: "" };
    screens.set(key, known);
    return known;
  };

  const server: Bun.Server<Terminal> = Bun.serve<Terminal>({
    hostname: "127.0.0.1",
    port: options.port ?? 0,
    idleTimeout: 0,
    development: false,
    error: (e) => problem(asDocklet(e)),
    async fetch(req, srv) {
      const url = new URL(req.url);
      if (!url.pathname.startsWith("/api/v1/")) return asset(options.dist, url.pathname);
      try {
        return await api(req, url, srv);
      } catch (e) {
        return problem(asDocklet(e));
      }
    },
    websocket: {
      open(ws) {
        sockets.add(ws);
        ws.sendBinary(Buffer.from(screen(ws.data.key).out));
      },
      message(ws, data) {
        if (typeof data === "string") return;
        const text = data.toString();
        screen(ws.data.key).typed += text;
        print(ws.data.key, text.replaceAll("\r", "\r\n"));
        if (text.includes("\x04")) {
          ws.sendText(JSON.stringify({ type: "exit", code: 0 }));
          ws.close(1000);
        }
      },
      close: (ws) => void sockets.delete(ws),
    },
  });

  function print(key: string, text: string) {
    screen(key).out += text;
    for (const ws of sockets) if (ws.data.key === key) ws.sendBinary(Buffer.from(text));
  }

  async function api(req: Request, url: URL, srv: Bun.Server<Terminal>): Promise<Response | undefined> {
    const found = match(req.method, url.pathname.slice("/api/v1".length));
    if (!found) throw new DockletError("not_found", `There is no ${req.method} ${url.pathname}.`);
    const { name, route, params } = found;
    const failure = failures.get(name);
    if (failure) {
      failures.delete(name);
      throw failure;
    }
    const query = route.query ? route.query.parse(Object.fromEntries(url.searchParams)) : {};
    const raw = route.body ? await req.json() : undefined;
    const parsed = route.body?.safeParse(raw);
    if (parsed && !parsed.success)
      throw new DockletError("invalid", parsed.error.issues[0]!.message, "Correct the field and try again.");
    const body = parsed?.data;
    if (name === "login") return login(req, body as { username: string; password: string });

    const session = sessionOf(req);
    const me = world.users.find((u) => u.name === session?.user && !u.disabled);
    if (!session || !me) throw new DockletError("unauthenticated", "You are not logged in.", "Log in again.");
    if (req.method !== "GET" && req.headers.get("x-csrf-token") !== session.csrf)
      throw new DockletError("forbidden", "The CSRF token is missing or wrong.", "Reload the page.");
    if (name === "logout") {
      world.sessions = world.sessions.filter((s) => s !== session);
      return new Response(null, { status: 204, headers: { "set-cookie": "dk=; Path=/; Max-Age=0" } });
    }
    if (refusing && route.stream) throw new DockletError("unavailable", "The server is restarting.");
    if (name === "eventStream") return stream(me);
    if (name === "terminal") {
      const key = `${params.node}/${(query as { session?: string }).session ?? "main"}`;
      return srv.upgrade(req, { data: { key } })
        ? undefined
        : problem(new DockletError("bad_request", "Not a WebSocket."));
    }
    const handler = handlers[name];
    if (!handler) throw new DockletError("unsupported", `The fake does not know ${name}.`);
    const answer = handler({ w: world, me, sessionId: session.id, params, query, body });
    if (route.response === null) return new Response(null, { status: 204 });
    // A fake that answers what the contract does not allow would teach the portal something wrong.
    return Response.json(route.response.parse(answer), { status: route.status ?? 200 });
  }

  function sessionOf(req: Request) {
    const id = /(?:^|; )dk=([^;]+)/.exec(req.headers.get("cookie") ?? "")?.[1];
    return world.sessions.find((s) => s.id === id);
  }

  function login(req: Request, { username, password }: { username: string; password: string }): Response {
    if (world.loginFailures >= 3) {
      world.loginFailures = 0;
      throw new DockletError(
        "throttled",
        "Too many wrong passwords for this name from your address.",
        "Wait a little, then try again.",
        { retryAfterSeconds: 3 },
      );
    }
    const me = world.users.find((u) => u.name === username && u.password === password);
    if (!me || me.disabled) {
      world.loginFailures++;
      throw new DockletError(
        "unauthenticated",
        "User name or password is wrong.",
        "Check both; capital letters matter.",
      );
    }
    const now = Date.now();
    const session = {
      id: randomSecret(),
      user: me.name,
      csrf: randomSecret(),
      createdAt: now,
      lastSeenAt: now,
      expiresAt: now + 8 * 3_600_000,
      address: "192.0.2.44",
      agent: req.headers.get("user-agent") ?? "",
      current: true,
    };
    world.sessions.push(session);
    return Response.json(meOf(world, me, session.csrf), {
      headers: { "set-cookie": `dk=${session.id}; Path=/; HttpOnly; SameSite=Lax` },
    });
  }

  function stream(me: Account): Response {
    const encoder = new TextEncoder();
    let leave = () => {};
    return new Response(
      new ReadableStream<Uint8Array>({
        start(controller) {
          const send = (frame: StreamFrame) => controller.enqueue(encoder.encode(`data: ${JSON.stringify(frame)}\n\n`));
          const listener = (frame: StreamFrame, owner: string | null) => {
            if (owner === null || owner === me.name || me.role === "admin") send(frame);
          };
          world.listeners.add(listener);
          streams.add(controller);
          leave = () => {
            world.listeners.delete(listener);
            streams.delete(controller);
          };
          send({ type: "hello", at: Date.now() });
        },
        cancel: () => leave(),
      }),
      { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } },
    );
  }

  const beat = setInterval(() => {
    if (world.quiet) return;
    const at = Date.now();
    measureHosts(world, at);
    for (const vc of world.vclusters) {
      for (const [i, n] of vc.nodes.entries()) {
        if (n.state !== "ready") continue;
        const sample = sampleOf(n, at, 30 + ((at / 120_000) % 30) + i);
        world.samples.set(n.id, [...(world.samples.get(n.id) ?? []).slice(-360), sample]);
        world.emit({ type: "metrics", data: { vcluster: vc.id, node: n.name, sample } }, vc.owner);
      }
    }
  }, 2000);

  function cut() {
    for (const controller of streams) {
      try {
        controller.error(new Error("cut"));
      } catch {
        // It was closed by the other side a moment ago.
      }
    }
    streams.clear();
    world.listeners.clear();
    for (const ws of sockets) ws.terminate();
  }

  return {
    url: `http://127.0.0.1:${server.port}`,
    world,
    failNext: (route, error) => void failures.set(route, error),
    cut,
    down: () => {
      refusing = true;
      cut();
    },
    up: () => {
      refusing = false;
    },
    typed: (key) => screen(key).typed,
    print,
    stop: async () => {
      clearInterval(beat);
      world.stop();
      await server.stop(true);
    },
  };
}

function match(method: string, path: string): { name: RouteName; route: Route; params: Record<string, string> } | null {
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    if (route.method !== method) continue;
    const pattern = new RegExp(`^${route.path.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`);
    const hit = pattern.exec(path);
    if (hit)
      return {
        name,
        route,
        params: Object.fromEntries(Object.entries(hit.groups ?? {}).map(([k, v]) => [k, decodeURIComponent(v)])),
      };
  }
  return null;
}

async function asset(dist: string, path: string): Promise<Response> {
  const headers = {
    "content-security-policy": PORTAL_CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  };
  if (path.startsWith("/workspace/"))
    return new Response("<!doctype html><title>Workspace</title><h1>Workspace</h1>", {
      headers: { ...headers, "content-type": "text/html" },
    });
  const file = Bun.file(join(dist, normalize(path)));
  if (path !== "/" && (await file.exists())) return new Response(file, { headers });
  if (/\.\w+$/.test(path)) return new Response("not found", { status: 404 });
  return new Response(Bun.file(join(dist, "index.html")), {
    headers: { ...headers, "content-type": "text/html; charset=utf-8" },
  });
}

function problem(e: DockletError): Response {
  const body: Problem = {
    type: "about:blank",
    title: e.code,
    status: e.status,
    code: e.code,
    message: e.message,
    hint: e.hint,
    requestId: "req_fake12345",
    ...(e.details ? { details: e.details } : {}),
  };
  return Response.json(body, { status: e.status });
}

if (import.meta.main) {
  const { buildPortal } = await import("../../scripts/build-portal.ts");
  const dist = join(import.meta.dir, "../../dist/portal");
  await buildPortal(dist);
  const portal = startFakePortal({ dist, port: Number(process.argv[2] ?? 8080) });
  portal.world.stepMs = 900;
  console.error(`${portal.url}  users: root, ann, empty, newcomer; password: correct horse battery`);
}
