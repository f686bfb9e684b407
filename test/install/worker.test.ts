import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { until } from "../../src/lib/retry.ts";
import { freePort } from "./fixture.ts";
import { Site } from "./site.ts";
import { SYSTEMCTL } from "./systemctl.ts";

setDefaultTimeout(600_000);

/** One more host of a cluster: a worker, joined with a token, without a portal. */
let site: Site;
let port: string;
beforeEach(async () => {
  site = await Site.open();
  port = await freePort();
  site.write("/root/token", "DK1.good\n", 0o600);
});
afterEach(() => site.close());

const TOKEN = "/root/token";
const IDENTITY = "/opt/docklet/local/identity/worker.json";
const master = () => ({ DOCKLET_MASTER_IP: "192.0.2.1", DOCKLET_HOST_NAME: "beta", DOCKLET_WORKER_PORT: port });
const join = (env: Record<string, string> = {}) => site.install({ ...master(), DOCKLET_JOIN_FILE: TOKEN, ...env });
/** Names of files that hold the token, but for the one that it came in. */
const keepers = async () =>
  (await site.machine.sh(`grep -rlsF DK1.good /etc /opt /var/lib /usr/local /run /tmp | grep -v ^${TOKEN}$`)).stdout;

test("with a token in a file: joins, starts a worker, waits until it is connected, and says where the master is", async () => {
  const said = await join();
  expect(said.stderr).not.toContain("install.sh:");
  expect([said.code, said.stdout]).toEqual([0, "host: beta\nmaster: 192.0.2.1:9000\n"]);
  expect(site.calls()).toEqual([
    "doctor --fix --role=worker",
    "join --join-file /dev/stdin",
    "token DK1.good",
    "serve --role=worker",
  ]);
  expect(site.read(`/proc/${site.pid()}/cmdline`)).toContain("docklet\0serve\0--role=worker");
  expect(await keepers()).toBe("");
});

test("the same by the token itself, from a clone", async () => {
  const said = await site.fromClone("one", { ...master(), DOCKLET_JOIN: "DK1.good" });
  expect([said.code, said.stdout]).toEqual([0, "host: beta\nmaster: 192.0.2.1:9000\n"]);
  expect(site.calls()).toContain("token DK1.good");
  expect(await keepers()).toBe("");
});

test("a second run changes nothing, with the token or without it; a new version stays a worker", async () => {
  await join();
  const pid = site.pid();
  const before = site.calls().length;
  for (const env of [{ DOCKLET_JOIN_FILE: TOKEN }, {}] as Record<string, string>[]) {
    const again = await site.install({ ...master(), ...env });
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("Nothing to do")]);
    expect(site.pid()).toBe(pid);
  }
  expect(site.calls().slice(before)).toEqual(Array(2).fill("doctor --fix --role=worker"));
  site.release.publish("two");
  const upgraded = await site.install();
  expect([upgraded.code, upgraded.stdout]).toEqual([0, "host: beta\nmaster: 192.0.2.1:9000\n"]);
  expect(site.calls().slice(-2)).toEqual(["serve stopped", "serve --role=worker"]);
});

test("a token that is refused: it is said, nothing runs, and the next run with a good one goes on", async () => {
  site.write("/root/old", "DK1.old\n", 0o600);
  const said = await join({ DOCKLET_JOIN_FILE: "/root/old" });
  expect([said.code, said.stdout]).toEqual([1, ""]);
  for (const text of ["This join token has expired", "this host could not join"]) expect(said.stderr).toContain(text);
  expect(site.calls().filter((c) => c.startsWith("serve"))).toEqual([]);
  expect(site.exists(IDENTITY)).toBe(false);
  const good = await join();
  expect([good.code, good.stderr]).toEqual([0, expect.stringContaining("stopped at: joining")]);
});

test("what is missing is said before anything is changed", async () => {
  const refused = async (env: Record<string, string>, text: string) => {
    const said = await site.install(env);
    expect([said.code, said.stderr]).toEqual([1, expect.stringContaining(text)]);
  };
  await refused({ DOCKLET_JOIN_FILE: TOKEN }, "DOCKLET_MASTER_IP");
  await refused({ ...master(), DOCKLET_JOIN_FILE: "/root/nothing" }, "/root/nothing");
  await refused({ ...master(), DOCKLET_JOIN_FILE: TOKEN, DOCKLET_JOIN: "DK1.good" }, "both set");
  for (const path of ["/usr/local/bin/docklet", "/etc/docklet", "/opt/docklet"]) expect(site.exists(path)).toBe(false);
});

test("a host with a portal of its own is left as it is", async () => {
  await site.install();
  const pid = site.pid();
  const said = await join();
  expect([said.code, said.stderr]).toEqual([1, expect.stringContaining("has a portal and a cluster of its own")]);
  expect(site.pid()).toBe(pid);
});

test("settings that were there before get to know the master, and nothing else is changed in them", async () => {
  const before = `# mine\nHOST_NAME='beta'\nWORKER_PORT=${port}\n`;
  site.write("/etc/docklet/docklet.conf", before);
  expect((await join()).code).toBe(0);
  expect(site.read("/etc/docklet/docklet.conf")).toBe(`${before}MASTER_IP='192.0.2.1'\n`);
});

test("uninstalled, it says what is left to do at the master", async () => {
  await join();
  const said = await site.install({}, "--uninstall --purge");
  expect([said.code, said.stderr]).toEqual([0, expect.stringContaining("docklet host rm beta")]);
  expect(site.calls().slice(-2)).toEqual(["serve stopped", "cleanup --all"]);
  expect(site.exists("/opt/docklet")).toBe(false);
});

test("with systemd: a unit of a worker, in which there is no token", async () => {
  site.write("/usr/local/bin/systemctl", SYSTEMCTL, 0o755);
  await site.machine.sh("mkdir -p /run/systemd/system");
  expect((await join()).code).toBe(0);
  const unit = site.read("/etc/systemd/system/docklet.service");
  expect(unit.split("\n")).toContain("ExecStart=/usr/local/bin/docklet serve --role=worker");
  expect(unit).not.toContain("DK1.");
  expect(await keepers()).toBe("");
  // As at boot: nothing but the unit.
  await site.machine.sh("systemctl restart docklet");
  const starts = () => site.calls().filter((c) => c === "serve --role=worker").length;
  await until("it to start again", async () => starts() === 2, { timeoutMs: 20_000 });
});
