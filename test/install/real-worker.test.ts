import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { until } from "../../src/lib/retry.ts";
import { BINARY, freePorts, TestDocklet } from "../kit/docklet.ts";
import { snapshot } from "../kit/leaks.ts";
import { installer, PROGRAM } from "./fixture.ts";
import { Site } from "./site.ts";

/** The real thing for one more host: the built program, joined to a real master, on a machine of its own. */
setDefaultTimeout(120_000);
let master: TestDocklet;
let site: Site;
let release: ReturnType<typeof Bun.serve>;
let port: number;

beforeAll(async () => {
  master = await TestDocklet.start();
  site = await Site.open();
  [port] = (await freePorts(1)) as [number];
  const program = Bun.file(BINARY);
  const sum = new Bun.CryptoHasher("sha256").update(await program.arrayBuffer()).digest("hex");
  const routes: Record<string, () => Response> = {
    "/install.sh": () => new Response(installer()),
    "/SHA256SUMS": () => new Response(`${sum}  ${PROGRAM}\n`),
    [`/${PROGRAM}`]: () => new Response(program),
  };
  release = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    routes,
    fetch: () => new Response("no", { status: 404 }),
  });
}, 240_000);
afterAll(async () => {
  if (site && release) await install({}, "--uninstall --purge");
  await site?.close();
  await master?.destroy();
  await release?.stop(true);
}, 120_000);

const install = (env: Record<string, string> = {}, flags = "") => {
  const url = `http://127.0.0.1:${release.port}`;
  return site.machine.sh(`curl -fsSL ${url}/install.sh | sh -s -- ${flags}`, {
    INSTALL_DOCKLET_BASE_URL: url,
    // The network and its ports are the master's, too; but no two hosts have the same address.
    DOCKLET_NETWORK_DEVICE: "lo",
    DOCKLET_MASTER_IP: "127.0.0.1",
    DOCKLET_MASTER_PORT: String(master.settings.MASTER_PORT),
    DOCKLET_CLUSTER_NET: String(master.settings.CLUSTER_NET),
    DOCKLET_ALLOCATED_PORTS: String(master.settings.ALLOCATED_PORTS),
    DOCKLET_WORKER_PORT: String(port),
    DOCKLET_HOST_NAME: "second",
    DOCKLET_DISKPOOL_SIZE: "1024",
    ...env,
  });
};
const second = async () => (await master.root.hosts()).items.find((h) => h.name === "second");
const status = async () => (await site.machine.sh("docklet status")).stdout;
let token: string;

test("joins, is ready for the master, and says so itself", async () => {
  token = (await master.cli("join-token", "create")).stdout;
  site.write("/root/token", token, 0o600);
  const said = await install({ DOCKLET_JOIN_FILE: "/root/token" });
  if (said.code !== 0) throw new Error(said.stderr);
  expect(said.stdout).toBe(`host: second\nmaster: 127.0.0.1:${master.settings.MASTER_PORT}\n`);
  await until("it to be ready", async () => (await second())?.state === "ready", { timeoutMs: 20_000 });
  expect(await status()).toMatch(/second .*a worker[\s\S]*connected for/);
  const probe = async (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  expect((await probe("/readyz")).status).toBe(200);
  expect(await (await probe("/metrics")).text()).toContain("docklet_master_connected 1");
  const doctor = await site.machine.sh("docklet doctor");
  expect([doctor.code, doctor.stdout]).toEqual([0, expect.stringMatching(/info +role +worker of the master/)]);
  const [secret] = token.trim().split(".").slice(-1);
  expect(
    (await site.machine.sh(`grep -rlsF ${secret} /etc /opt/docklet /var/lib/docklet-install /var/log`)).stdout,
  ).toBe("");
});

test("a second run changes nothing; as at boot, it needs no token", async () => {
  const pid = site.pid();
  const again = await install({ DOCKLET_JOIN_FILE: "/root/token" });
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("Nothing to do")]);
  expect(site.pid()).toBe(pid);
  site.remove("/root/token");
  await site.machine.sh(`kill ${pid}; while kill -0 ${pid} 2>/dev/null; do sleep 0.1; done`);
  await until("it to be missed", async () => (await second())?.state === "unreachable", { timeoutMs: 20_000 });
  expect((await install()).code).toBe(0);
  await until("it to be back", async () => (await second())?.state === "ready", { timeoutMs: 20_000 });
});

test("uninstalled nothing of it is left; the used token lets nobody in, and a new one does", async () => {
  const tag = site.read("/opt/docklet/local/tag").trim();
  const gone = await install({}, "--uninstall --purge");
  expect([gone.code, gone.stderr]).toEqual([0, expect.stringContaining("docklet host rm second")]);
  const left = Object.values(snapshot()).flat() as string[];
  expect(left.filter((x) => new RegExp(`dk-?${tag}|docklet-${tag}`).test(x))).toEqual([]);

  site.write("/root/token", token, 0o600);
  const used = await install({ DOCKLET_JOIN_FILE: "/root/token" });
  expect([used.code, used.stderr]).toEqual([1, expect.stringMatching(/token[\s\S]*could not join/)]);
  expect(site.exists("/opt/docklet/local/identity/worker.json")).toBe(false);

  expect((await master.cli("host", "rm", "--yes", "second")).code).toBe(0);
  site.write("/root/token", (await master.cli("join-token", "create")).stdout, 0o600);
  expect((await install({ DOCKLET_JOIN_FILE: "/root/token" })).code).toBe(0);
  await until("it to be ready", async () => (await second())?.state === "ready", { timeoutMs: 20_000 });
});
