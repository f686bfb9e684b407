import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { Site } from "./site.ts";

setDefaultTimeout(600_000);

let site: Site;
beforeEach(async () => {
  site = await Site.open();
});
afterEach(() => site.close());

const PROGRAM_FILES = [
  "/usr/local/bin/docklet",
  "/etc/sysctl.d/60-docklet.conf",
  "/var/lib/docklet-install",
  "/opt/docklet/local/run/docklet.pid",
];

test("uninstall stops the service, then has everything cleaned up, and keeps data and settings", async () => {
  await site.install();
  const pid = site.pid();
  const said = await site.install({}, "--uninstall");
  expect(said.code).toBe(0);
  expect(site.calls().slice(-2)).toEqual(["serve stopped", "cleanup --all"]);
  expect(site.exists(`/proc/${pid}/exe`)).toBe(false);
  expect(PROGRAM_FILES.filter((f) => site.exists(f))).toEqual([]);
  expect(site.exists("/opt/docklet/local/generated_password.txt")).toBe(true);
  expect(site.exists("/etc/docklet/docklet.conf")).toBe(true);
});

test("after an uninstall everything comes back with its data", async () => {
  await site.install();
  await site.install({}, "--uninstall");
  site.write("/opt/docklet/local/mine");
  const again = await site.install();
  expect(again.code).toBe(0);
  expect(site.exists("/opt/docklet/local/mine")).toBe(true);
  expect(site.calls().filter((c) => c === "image build base")).toHaveLength(1);
});

test("purge leaves nothing", async () => {
  await site.machine.sh("touch /newer; sleep 0.05");
  await site.install();
  const said = await site.install({}, "--uninstall --purge");
  expect(said.code).toBe(0);
  const { stdout } = await site.machine.sh("find / -xdev -newer /newer ! -type d ! -path '/var/log/stub.*'");
  expect(stdout).toBe("");
  expect(site.exists("/opt/docklet")).toBe(false);
  expect(site.exists("/etc/docklet")).toBe(false);
});

test("purge empties no file system that somebody mounted below the data, and only deletes what is docklet's", async () => {
  await site.install();
  await site.machine.sh("mkdir -p /opt/docklet/global/homes && mount -t tmpfs tmpfs /opt/docklet/global/homes");
  site.write("/opt/docklet/global/homes/thesis");
  site.write("/opt/docklet/not-ours");
  await site.install({}, "--uninstall --purge");
  expect(site.exists("/opt/docklet/global/homes/thesis")).toBe(true);
  expect(site.exists("/opt/docklet/not-ours")).toBe(true);
  expect(site.exists("/opt/docklet/local")).toBe(false);
});

test("purge leaves everybody's files alone where global itself is a shared file system", async () => {
  await site.install();
  await site.machine.sh("mkdir -p /opt/docklet/global && mount -t tmpfs tmpfs /opt/docklet/global");
  site.write("/opt/docklet/global/thesis");
  const said = await site.install({}, "--uninstall --purge");
  expect([said.code, site.exists("/opt/docklet/local")]).toEqual([0, false]);
  expect(site.exists("/opt/docklet/global/thesis")).toBe(true);
});

test("when cleaning up fails the program stays, so that it can be tried again", async () => {
  await site.install();
  site.write("/etc/stub-fails-cleanup");
  const said = await site.install({}, "--uninstall --purge");
  expect(said.code).toBe(1);
  expect(said.stderr).toContain("cleanup did not finish");
  expect(site.exists("/usr/local/bin/docklet")).toBe(true);
  expect(site.exists("/opt/docklet/local")).toBe(true);
  site.remove("/etc/stub-fails-cleanup");
  expect((await site.install({}, "--uninstall --purge")).code).toBe(0);
  expect(site.exists("/opt/docklet")).toBe(false);
});

test("a mount that cleaning up left behind is named, and nothing is deleted through it", async () => {
  await site.install();
  await site.machine.sh("mkdir /opt/docklet/local/pool && mount -t tmpfs tmpfs /opt/docklet/local/pool");
  const said = await site.install({}, "--uninstall --purge");
  expect(said.code).toBe(1);
  expect(said.stderr).toContain("still mounted: /opt/docklet/local/pool");
  expect(site.exists("/opt/docklet/local/generated_password.txt")).toBe(true);
});

test("uninstalling what is not there is no error", async () => {
  const said = await site.install({}, "--uninstall");
  expect(said.code).toBe(0);
  expect(said.stderr).toContain("not installed");
});

test("dry run and nonsense", async () => {
  await site.install();
  const pid = site.pid();
  expect((await site.install({}, "--uninstall --purge --dry-run")).code).toBe(0);
  expect(site.pid()).toBe(pid);
  expect(site.exists("/usr/local/bin/docklet")).toBe(true);
  expect((await site.install({}, "--purge")).code).toBe(1);
  expect((await site.install({}, "--uninstal")).code).toBe(2);
  expect((await site.install({}, "--help")).stdout).toContain("INSTALL_DOCKLET_BASE_URL");
});
