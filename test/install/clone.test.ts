import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { files } from "../arch/tree.ts";
import { freePort, installer, REPO } from "./fixture.ts";
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

test("the real thing: from a bare machine to a program that runs, with nothing but apt and npm", async () => {
  const tracked = files.filter((f) => existsSync(join(REPO, f)));
  for (const file of tracked) {
    const to = site.machine.path(join("/clone", file));
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(REPO, file), to);
  }
  site.write("/clone/install.sh", installer(), 0o755);
  const env = {
    INSTALL_DOCKLET_SKIP_START: "1",
    DOCKLET_NGINX_PORT: await freePort(),
    DOCKLET_PROXY_PORT: await freePort(),
  };
  const said = await site.machine.sh("cd /clone && ./install.sh", env);
  expect(said.stderr).toContain("Fetching Bun");
  expect(said.stderr).not.toContain("install.sh:");
  expect(said.code).toBe(0);
  const version = await site.machine.sh("docklet version --json");
  expect(JSON.parse(version.stdout)).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  const again = await site.machine.sh("cd /clone && ./install.sh", env);
  expect(again.stderr).toContain("Nothing to do");
  expect((await site.machine.sh("cd /clone && ./install.sh --uninstall --purge")).code).toBe(0);
  expect(site.exists("/usr/local/bin/docklet")).toBe(false);
});
