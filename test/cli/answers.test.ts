import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

setDefaultTimeout(60_000);
const MAIN = resolve(import.meta.dir, "../../src/main.ts");

/** The CLI against a server that is not docklet, or not well. */
async function against(handler: (req: Request) => Response | Promise<Response>, args: string[]) {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, development: false, fetch: handler });
  try {
    return await cli(args, { DOCKLET_URL: `http://127.0.0.1:${server.port}`, DOCKLET_TOKEN: "dk_secret" });
  } finally {
    await server.stop(true);
  }
}

async function cli(args: string[], env: Record<string, string> = {}) {
  const dir = mkdtempSync(join(tmpdir(), "docklet-answers-"));
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    cwd: dir,
    env: { PATH: "/usr/bin:/bin", HOME: dir, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  rmSync(dir, { recursive: true });
  expect(stdout + stderr).not.toContain("dk_secret");
  return { stdout, stderr, code };
}

test("a connection refused names the address and what to do", async () => {
  const { code, stdout, stderr } = await cli(["vc", "ls"], { DOCKLET_URL: "127.0.0.1:9", DOCKLET_TOKEN: "dk_secret" });
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("http://127.0.0.1:9");
  expect(stderr).toContain("NGINX_PORT");
});

test("something that is not docklet is recognised", async () => {
  const page = () => new Response("<html>hi</html>", { headers: { "content-type": "text/html" } });
  const { code, stderr } = await against(page, ["vc", "ls"]);
  expect([code, stderr]).toEqual([1, expect.stringContaining("not a docklet portal")]);
});

test("a redirect is told, not followed with the token", async () => {
  let asked = 0;
  const elsewhere = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(String(asked++)) });
  const { code, stderr } = await against(
    () => Response.redirect(`http://127.0.0.1:${elsewhere.port}/x`, 302),
    ["vc", "ls"],
  );
  const { port } = elsewhere;
  await elsewhere.stop(true);
  expect([code, asked]).toEqual([1, 0]);
  expect(stderr).toContain(`:${port}/x`);
});

test("a proxy's error page is no crash", async () => {
  const { code, stderr } = await against(() => new Response("<h1>Bad gateway</h1>", { status: 502 }), ["vc", "ls"]);
  expect([code, stderr]).toEqual([1, expect.stringContaining("answered 502")]);
});

test("names from the server can't drive the terminal", async () => {
  const evil = {
    id: "t1",
    name: "\u001b]0;pwned\u0007\u001b[2J",
    scopes: ["read"],
    createdAt: 0,
    expiresAt: null,
    lastUsedAt: null,
  };
  const { code, stdout } = await against(() => Response.json({ items: [evil] }), ["token", "ls"]);
  expect(code).toBe(0);
  expect(stdout).toContain("\\x1b]0;pwned");
  expect(stdout).not.toContain("\u001b");
});

test("config show --origin and validate", async () => {
  const show = await cli(["config", "show", "--origin", "--json", "--proxy-port", "8123"], {
    DOCKLET_CLUSTER_NAME: "lab",
  });
  const { items } = JSON.parse(show.stdout);
  const of = (key: string) => items.find((e: { key: string }) => e.key === key);
  expect(of("PROXY_PORT")).toMatchObject({ value: "8123", origin: "flag --proxy-port" });
  expect(of("CLUSTER_NAME")).toMatchObject({ value: "lab", origin: "env DOCKLET_CLUSTER_NAME" });
  const held = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("") });
  const bad = await cli(["config", "validate", "--proxy-port", String(held.port), "--allocated-ports", "1-1"]);
  const { port } = held;
  await held.stop(true);
  expect(bad.code).toBe(1);
  expect(bad.stderr).toContain(`(pid ${process.pid})`);
  expect(bad.stderr).toContain(`PROXY_PORT=${port}`);
});

test("version --json has what an installer needs", async () => {
  const { stdout } = await cli(["version", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    commit: expect.any(String),
    bun: Bun.version,
    sqlite: expect.stringMatching(/^3\./),
    schema: { supermaster: expect.any(Number), master: expect.any(Number), worker: expect.any(Number) },
    wire: expect.any(Number),
  });
});
