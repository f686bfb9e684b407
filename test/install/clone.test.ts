import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { files } from "../arch/tree.ts";
import { snapshot } from "../kit/leaks.ts";
import { freePort, REPO } from "./fixture.ts";
import { Site } from "./site.ts";

setDefaultTimeout(600_000);

let site: Site;
beforeEach(async () => {
  site = await Site.open();
});
afterEach(() => site.close());

const built = () => site.read("/var/log/bun.log").split("\n").filter(Boolean);

test("builds, installs and starts", async () => {
  const said = await site.fromClone("one");
  expect(said.code).toBe(0);
  expect(said.stdout.split("\n")).toHaveLength(4);
  expect(built()).toEqual(["install --frozen-lockfile", "run scripts/build-binary.ts"]);
  expect(site.read("/usr/local/bin/docklet")).toContain("9.9.9-one");
  expect(site.calls()).toContain("serve");
});

test("the same sources are not built again; changed ones are, and the service is restarted", async () => {
  await site.fromClone("one");
  const pid = site.pid();
  const again = await site.fromClone("one");
  expect(again.stderr).toContain("Nothing to do");
  expect(built()).toHaveLength(2);
  expect(site.pid()).toBe(pid);
  await site.fromClone("two");
  expect(built()).toHaveLength(4);
  expect(site.pid()).not.toBe(pid);
});

test("a build that fails leaves the installed program running", async () => {
  await site.fromClone("one");
  const pid = site.pid();
  for (const verb of ["install", "run"]) {
    site.write(`/etc/bun-fails-${verb}`);
    const said = await site.fromClone("two");
    expect(said.code).toBe(1);
    expect(said.stderr).toContain("the build failed");
    expect(site.pid()).toBe(pid);
    expect(site.read("/usr/local/bin/docklet")).toContain("9.9.9-one");
    site.remove(`/etc/bun-fails-${verb}`);
  }
});

test("a clone of somebody else stays theirs", async () => {
  await site.fromClone("one");
  await site.machine.sh("chown -R 1000:1000 /clone && rm /clone/dist/docklet* && echo two >/clone/src/main.ts");
  expect((await site.machine.sh("cd /clone && ./install.sh", site.settings)).code).toBe(0);
  expect((await site.machine.sh("stat -c %u /clone/dist/docklet-linux-*")).stdout.trim()).toBe("1000");
});

/** Everything in the kernel that bears this installation's mark or comes from its folder. */
const marked = (tag: string): string[] =>
  Object.entries(snapshot()).flatMap(([kind, list]: [string, string[]]) =>
    list.filter((x) => new RegExp(`dk-?${tag}|docklet-${tag}|/opt/docklet`).test(x)).map((x) => `${kind} ${x}`),
  );

test("the real thing: from a bare machine to a portal that answers, with nothing but apt and npm, and away again", async () => {
  for (const file of files.filter((f) => existsSync(join(REPO, f)))) {
    const to = site.machine.path(join("/clone", file));
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(REPO, file), to);
  }
  // The image takes minutes; the end-to-end suite builds it.
  const env = {
    ...site.settings,
    INSTALL_DOCKLET_SKIP_IMAGE: "1",
    DOCKLET_PROXY_PORT: await freePort(),
    DOCKLET_ALLOCATED_PORTS: "10000-20000",
    DOCKLET_DISKPOOL_SIZE: "1024",
    DOCKLET_CLUSTER_NET: "10.213.0.0/16",
  };
  const said = await site.machine.sh("cd /clone && ./install.sh", env);
  expect(said.stderr).toContain("Fetching Bun");
  expect(said.stderr).not.toContain("install.sh:");
  expect(said.code).toBe(0);
  expect(said.stdout.split("\n")).toHaveLength(4);
  const version = JSON.parse((await site.machine.sh("docklet version --json")).stdout);
  expect(version).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  expect((await fetch(`http://127.0.0.1:${site.port}/readyz`)).status).toBe(200);
  expect(site.read("/opt/docklet/local/generated_password.txt").trim().length).toBeGreaterThan(11);

  const pid = site.pid();
  const again = await site.machine.sh("cd /clone && ./install.sh", env);
  expect(again.stderr).toContain("Nothing to do");
  expect(site.pid()).toBe(pid);

  const tag = site.read("/opt/docklet/local/tag").trim();
  expect(marked(tag)).not.toEqual([]);
  const gone = await site.machine.sh("cd /clone && ./install.sh --uninstall --purge");
  expect(gone.stderr).not.toContain("install.sh:");
  expect(gone.code).toBe(0);
  expect(marked(tag)).toEqual([]);
  expect((await site.machine.sh("cat /proc/[0-9]*/comm")).stdout).not.toMatch(/docklet|lxc|bun/);
  expect((await site.machine.sh("cat /proc/mounts")).stdout).not.toMatch(/docklet\/local|lxcfs/);
  for (const path of ["/opt/docklet", "/etc/docklet", "/usr/local/bin/docklet"])
    expect([path, site.exists(path)]).toEqual([path, false]);
});
