import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { WORKER_SOCKET, type WorkerStatus } from "../../src/contracts/worker-status.ts";

/** The command line on a host that has a worker and no portal. */
setDefaultTimeout(60_000);
const MAIN = resolve(import.meta.dir, "../../src/main.ts");
let prefix: string;
let status: WorkerStatus;
let server: ReturnType<typeof Bun.serve>;

beforeAll(() => {
  prefix = mkdtempSync(join(tmpdir(), "docklet-cli-worker-"));
  mkdirSync(dirname(join(prefix, WORKER_SOCKET)), { recursive: true });
  server = Bun.serve({ unix: join(prefix, WORKER_SOCKET), fetch: () => Response.json(status) } as never);
  status = {
    name: "beta",
    version: "1.2.3",
    nodes: 2,
    master: {
      address: "192.0.2.1:9000",
      cluster: "c1",
      connectedAt: Date.now() - 300_000,
      problem: null,
      certificateUntil: Date.UTC(2030, 0, 2),
    },
    checks: { worker: null, master: null },
  };
});
afterAll(async () => {
  await server.stop(true);
  rmSync(prefix, { recursive: true, force: true });
});

async function docklet(...args: string[]) {
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: prefix, DOCKLET_FS_PREFIX: prefix },
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, err };
}

test("status says what it is and how its connection is", async () => {
  const well = await docklet("status");
  expect(well.code).toBe(0);
  for (const text of ["beta", "worker", "192.0.2.1:9000, connected for 5 min", "c1", "2030-01-02"])
    expect(well.out).toContain(text);
  const before = status;
  const problem = "The master at 192.0.2.1:9000 can't be reached: ECONNREFUSED.";
  status = {
    ...status,
    master: { ...status.master!, connectedAt: null, problem },
    checks: { worker: null, master: problem },
  };
  const lost = await docklet("status");
  expect([lost.code, lost.out]).toEqual([1, expect.stringContaining(`not connected: ${problem}`)]);
  expect(JSON.parse((await docklet("status", "--json")).out)).toEqual(status);
  status = before;
});

test("what needs the API says where that is", async () => {
  const said = await docklet("vcluster", "ls");
  expect([said.code, said.err]).toEqual([1, expect.stringMatching(/is a worker and has no API[\s\S]*docklet login/)]);
});

test("doctor knows it for a worker, and asks whether its master can be reached", async () => {
  const identity = join(prefix, "local/identity/worker.json");
  mkdirSync(dirname(identity), { recursive: true });
  writeFileSync(identity, "{}");
  const door = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const findings = async () => {
    const { out } = await docklet("doctor", "--json", "--master-ip", "127.0.0.1", "--master-port", String(door.port));
    return JSON.parse(out) as { items: { name: string; status: string; found: string }[] };
  };
  const of = (all: Awaited<ReturnType<typeof findings>>, name: string) => all.items.find((f) => f.name === name);
  const there = await findings();
  expect(of(there, "role")?.found).toContain("worker of the master at 127.0.0.1; connected for 5 min");
  expect(of(there, "master")).toMatchObject({ status: "ok" });
  expect(there.items.filter((f) => /^port (8080|8000)$/.test(f.name))).toEqual([]);
  door.stop(true);
  expect(of(await findings(), "master")).toMatchObject({
    status: "warn",
    found: expect.stringContaining("ECONNREFUSED"),
  });
});

test("a token that is none, in no file, or missing is refused with what to do; a shared key of old, too", async () => {
  const args = ["join", "--master-ip", "127.0.0.1"];
  expect(await docklet(...args)).toMatchObject({ code: 2, err: expect.stringContaining("join-token create") });
  expect(await docklet(...args, "--join-file", "/nowhere")).toMatchObject({
    code: 1,
    err: expect.stringContaining("can't be read"),
  });
  const file = join(prefix, "token");
  writeFileSync(file, "DK1.half\n");
  expect(await docklet(...args, "--join-file", file)).toMatchObject({
    code: 1,
    err: expect.stringContaining("not whole"),
  });
  expect(await docklet("join", "--join-file", file)).toMatchObject({
    code: 1,
    err: expect.stringContaining("MASTER_IP"),
  });
  const conf = join(prefix, "old.conf");
  writeFileSync(conf, "AUTH_KEY=our-old-key\n");
  const old = await docklet("serve", "--role=worker", "--config", conf);
  expect(old.code).toBe(1);
  expect(old.err).toContain("docklet join-token create");
  expect(old.err).not.toContain("our-old-key");
});
