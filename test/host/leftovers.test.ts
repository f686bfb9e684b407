import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../src/lib/log.ts";
import { detectCgroups } from "../../src/os/cgroup/detect.ts";
import { run } from "../../src/os/exec.ts";
import { links } from "../../src/os/ip.ts";
import { tmpfs } from "../../src/os/mounts.ts";
import { Layout } from "../../src/worker/layout.ts";
import { findLeftovers, type Leftover, removeLeftovers } from "../../src/worker/leftovers.ts";
import { installFirewall } from "../../src/worker/network/firewall.ts";
import { openPool } from "../../src/worker/rootfs/pool.ts";

/** Needs root. Two installations by their tags: one is cleaned up, the other must not notice. */
const cgroups = detectCgroups();
let dir: string;
let mine: Layout;
let other: Layout;
const children: Bun.Subprocess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docklet-leftovers-"));
  chmodSync(dir, 0o711);
  mine = new Layout(join(dir, "mine"), "zs");
  other = new Layout(join(dir, "other"), "zt");
});
afterEach(async () => {
  for (const layout of [mine, other]) await removeLeftovers(layout);
  for (const c of children.splice(0)) await c.exited;
  rmSync(dir, { recursive: true });
});

/** What an installation with one node has in the kernel, its containers aside. */
async function furnish(layout: Layout): Promise<number> {
  mkdirSync(layout.local, { recursive: true });
  await openPool(layout, { storage: "file", disk: null, sizeMiB: 300 }, silentLogger);
  writeFileSync(join(layout.pool, "homes/kept"), "data");
  tmpfs(layout.live, "size=1m");
  tmpfs(join(layout.live, "deep"), "size=1m");
  cgroups.create(layout.cgroup("nodezs"));
  const child = Bun.spawn(["sleep", "600"], { stdin: "ignore" });
  children.push(child);
  for (const controller of ["pids", "freezer", "."]) {
    const procs = join("/sys/fs/cgroup", controller, layout.cgroup("nodezs"), "cgroup.procs");
    if (existsSync(procs)) writeFileSync(procs, String(child.pid));
  }
  await run(["ip", "link", "add", layout.bridge("vcluzs"), "type", "bridge"]);
  await run(["ip", "link", "add", layout.veth("nodezs"), "type", "veth", "peer", "name", `${layout.veth("nodezs")}p`]);
  await installFirewall({ tag: layout.tag, clusterNet: "10.214.0.0/24", deny: [], dns: [] });
  return child.pid;
}
const kinds = async (layout: Layout) => [...new Set((await findLeftovers(layout)).map((l) => l.kind))].sort();
const ALL: Leftover["kind"][] = ["cgroup", "link", "loop", "mount", "process", "rule"];

test("a host without any of it has no leftovers, and cleaning it is no error", async () => {
  expect(await findLeftovers(mine)).toEqual([]);
  await removeLeftovers(mine);
});

test("all is found by name alone, all goes, people's files and the other installation stay", async () => {
  const pid = await furnish(mine);
  const otherPid = await furnish(other);
  expect(await kinds(mine)).toEqual(ALL);
  const found = await findLeftovers(mine);
  expect(found).toContainEqual({ kind: "process", name: String(pid) });
  expect(found.filter((l) => l.kind === "rule").map((l) => l.name)).toContain("nft table bridge docklet_zs");
  expect(found.some((l) => l.name.includes("zt") || l.name === String(otherPid))).toBe(false);

  // A node that its owner froze must be ended too.
  cgroups.freeze(mine.cgroup("nodezs"), true);
  await removeLeftovers(mine);
  expect(await findLeftovers(mine)).toEqual([]);
  expect(existsSync(mine.poolFile)).toBe(true);
  expect(await kinds(other)).toEqual(ALL);
  process.kill(otherPid, 0);
  expect((await links()).map((l) => l.ifname)).toContain(other.veth("nodezs"));

  await openPool(mine, { storage: "file", disk: null, sizeMiB: 300 }, silentLogger);
  expect(readFileSync(join(mine.pool, "homes/kept"), "utf8")).toBe("data");
});

test("what is only half there goes as well", async () => {
  await furnish(mine);
  await run(["ip", "link", "del", mine.bridge("vcluzs")]);
  await run(["iptables", "-D", "FORWARD", "-j", "DOCKLET-zs-FWD"]);
  await run(["nft", "delete", "table", "inet", "docklet_zs"]);
  if (cgroups.version === 1) {
    // As after a kill in the middle of making it: some controllers have the group, some not.
    mkdirSync("/sys/fs/cgroup/cpu/docklet-zs-mon", { recursive: true });
  }
  await removeLeftovers(mine);
  expect(await findLeftovers(mine)).toEqual([]);
});
