import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { launchBrowser } from "../e2e/portal-browser.ts";
import { ARTIFACTS, keepShot, UPDATE } from "../e2e/screenshots.ts";
import { offerPool } from "../kit/base-pool.ts";
import { snapshot } from "../kit/leaks.ts";
import { FirstMinute } from "./first-minute.ts";
import { FreshMachine } from "./fresh-machine.ts";

/** What the README promises: a clone, one command, one click, and work. Each test goes on where the last one ended. */
setDefaultTimeout(900_000);
let fresh: FreshMachine;
let browser: Browser;

beforeAll(async () => {
  fresh = await FreshMachine.start();
  browser = await launchBrowser();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  if (fresh && existsSync(fresh.machine.path("/usr/local/bin/docklet")))
    await fresh.install(join(ARTIFACTS, "install-abandoned.log"), "--uninstall", "--purge");
  await fresh?.remove();
}, 120_000);

test("one command, from a clone on a bare machine to a portal that answers", async () => {
  const said = await fresh.install(join(ARTIFACTS, "install.log"));
  if (said.code !== 0) throw new Error(`install.sh: ${said.code}\n${said.stderr.slice(-4000)}`);
  expect(said.stdout.split("\n")).toEqual([
    expect.stringMatching(/^portal: http:\/\/\d+\.\d+\.\d+\.\d+:\d+$/),
    "user: root",
    "password: in /opt/docklet/local/generated_password.txt",
    "",
  ]);
  const ready = await fetch(`${fresh.portal}/readyz`);
  expect(ready.status).toBe(200);
  console.log(`installed in ${said.seconds.toFixed(0)} s`);
});

test("one click, a plot in Jupyter, a package in the terminal", async () => {
  const password = fresh.read("/opt/docklet/local/generated_password.txt");
  const minute = await FirstMinute.begin(browser, fresh.portal, password, keepShot);
  try {
    const name = await minute.newCluster();
    const picture = await minute.plot();
    expect(picture.width).toBeGreaterThan(200);
    expect(picture.height).toBeGreaterThan(100);
    await minute.terminal(name, "apt-get update && apt-get install -y hello && hello", /^Hello, world!/);
    await minute.clearTerminal();
    await minute.terminal(name, "hello && free -h && mpirun -n 2 hostname && echo done", /^done/);
    await minute.takeTerminal();
    if (UPDATE) {
      // For charts that have something to show.
      await minute.terminal(name, `(${LOAD}) >/dev/null 2>&1 & echo busy`, /^busy/);
      await Bun.sleep(150_000);
    }
    await minute.take(`/vclusters/${name}`, "vcluster");
    await minute.take("/", "overview");
    expect(minute.complaints).toEqual([]);
    expect((await fresh.machine.sh(`docklet exec ${name} -- free -m`)).stdout).toMatch(/^Mem: +1024 /m);
  } catch (e) {
    await minute.keepAll("failed");
    throw e;
  } finally {
    await minute.end();
  }
});

test("the same command again changes nothing", async () => {
  const pid = fresh.read("/opt/docklet/local/run/docklet.pid");
  const said = await fresh.install(join(ARTIFACTS, "install-again.log"));
  expect([said.code, said.stderr]).toEqual([0, expect.stringContaining("Nothing to do")]);
  expect(fresh.read("/opt/docklet/local/run/docklet.pid")).toBe(pid);
});

test("uninstalled, nothing runs and nothing is left but the data; purged, not even that", async () => {
  const tag = fresh.read("/opt/docklet/local/tag");
  const mini = await fresh.machine.sh("docklet image build mini");
  expect(mini.code).toBe(0);
  const said = await fresh.install(join(ARTIFACTS, "uninstall.log"), "--uninstall");
  expect(said.code).toBe(0);
  expect(await fresh.quiet()).toEqual([]);
  expect(ofInstallation(tag)).toEqual([]);
  expect((await fresh.machine.sh("grep docklet/ /proc/mounts; losetup -a | grep /opt/docklet/")).stdout).toBe("");
  // Others need not build the images that are on it.
  await offerPool(fresh.machine.path("/opt/docklet/local/pool.img"));
  expect((await fresh.install(join(ARTIFACTS, "purge.log"), "--uninstall", "--purge")).code).toBe(0);
  for (const path of ["/opt/docklet", "/etc/docklet", "/usr/local/bin/docklet", "/var/lib/docklet-install"])
    expect(existsSync(fresh.machine.path(path))).toBe(false);
});

const LOAD =
  "for s in 6 14 4 11 8 16 5; do timeout $s python3 -c \"a = bytearray($s * 30 << 20); exec('while 1: pass')\"; sleep 8; done";

/** What this host's kernel holds under the name of an installation. */
function ofInstallation(tag: string): string[] {
  const { links, cgroups, rules, sets, tables, namespaces } = snapshot();
  const name = new RegExp(`\\bdk${tag}|docklet-${tag}\\b`, "i");
  return [links, cgroups, rules, sets, tables, namespaces].flat().filter((line) => name.test(line));
}
