import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../src/lib/log.ts";
import { limitSubvolume, usage } from "../../src/os/btrfs.ts";
import { output, run } from "../../src/os/exec.ts";
import { isMounted, listMounts } from "../../src/os/mounts.ts";
import { Layout } from "../../src/worker/layout.ts";
import { Homes } from "../../src/worker/rootfs/homes.ts";
import { openPool, type PoolOptions, poolLoops } from "../../src/worker/rootfs/pool.ts";
import { Rootfs } from "../../src/worker/rootfs/rootfs.ts";

/** Needs root: real file systems on loop devices stand for a host's disks. */
let dir: string;
let layout: Layout;
const loops: string[] = [];
const FILE: PoolOptions = { storage: "file", disk: null, sizeMiB: 512 };
const open = (o: PoolOptions) => openPool(layout, o, silentLogger);
const refused = (o: PoolOptions) =>
  open(o).then(
    () => {
      throw new Error("it was not refused");
    },
    (e) => e,
  );

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docklet-pool-"));
  // A node's root walks through here.
  chmodSync(dir, 0o711);
  layout = new Layout(dir, "zp");
});
afterEach(async () => {
  for (const { target } of listMounts(dir).toReversed()) await run(["umount", target]);
  for (const loop of [...loops.splice(0), ...(await poolLoops(layout))])
    await run(["losetup", "-d", loop], { ok: [0, 1] });
  rmSync(dir, { recursive: true });
});

async function disk(size = "300M"): Promise<string> {
  const file = join(dir, `disk${loops.length}.img`);
  await run(["truncate", "-s", size, file]);
  const device = (await output(["losetup", "--find", "--show", file])).trim();
  loops.push(device);
  return device;
}

/** One partition of type 83 from sector 2048 on, as a partition table of a PC has it. */
function partition(device: string): void {
  const sector = Buffer.alloc(512);
  sector.set([0, 0, 0, 0, 0x83, 0, 0, 0, 0x00, 0x08, 0, 0, 0x00, 0x10, 0, 0], 446);
  sector.set([0x55, 0xaa], 510);
  const fd = openSync(device, "r+");
  writeSync(fd, sector);
  fsyncSync(fd);
  closeSync(fd);
}

test("a file pool: sparse, private, made once and found again", async () => {
  await open(FILE);
  writeFileSync(join(layout.pool, "homes/kept"), "data");
  expect(listMounts(layout.pool)[0]!.type).toBe("btrfs");
  const line = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((l) => l.includes(` ${layout.pool} `))!;
  expect(line).toMatch(/ rw,nosuid,nodev,noatime /);
  expect(statSync(layout.pool).mode & 0o777).toBe(0o700);
  expect(statSync(layout.poolFile).mode & 0o777).toBe(0o600);
  expect(statSync(layout.poolFile).blocks * 512).toBeLessThan(100 * 1_048_576);
  await open(FILE);
  expect(await poolLoops(layout)).toHaveLength(1);
  await run(["umount", layout.pool]);
  await open({ ...FILE, sizeMiB: 9999 });
  expect(readFileSync(join(layout.pool, "homes/kept"), "utf8")).toBe("data");
  expect(readdirSync(layout.pool).sort()).toEqual(["build", "homes", "layers", "nodes"]);
});

test("an empty disk is made the pool, and is found again", async () => {
  const device = await disk();
  await open({ storage: "disk", disk: device, sizeMiB: 0 });
  writeFileSync(join(layout.pool, "homes/kept"), "data");
  await run(["umount", layout.pool]);
  await open({ storage: "disk", disk: device, sizeMiB: 0 });
  expect(readFileSync(join(layout.pool, "homes/kept"), "utf8")).toBe("data");
});

for (const [what, prepare] of [
  ["ext4", (d: string) => run(["mkfs.ext4", "-q", d])],
  ["btrfs", (d: string) => run(["mkfs.btrfs", "-q", "-L", "photos", d])],
  ["swap", (d: string) => run(["mkswap", d])],
  ["dos", async (d: string) => partition(d)],
] as const) {
  test(`a disk with ${what} on it is refused by name, and not one byte of it changes`, async () => {
    const device = await disk("130M");
    await prepare(device);
    const sum = () => output(["sha256sum", device]);
    const before = await sum();
    const e = await refused({ storage: "disk", disk: device, sizeMiB: 0 });
    expect(e).toMatchObject({ code: "invalid", message: expect.stringContaining(what) });
    expect(e.hint).toContain(`wipefs -a ${device}`);
    expect(await sum()).toBe(before);
    expect(isMounted(layout.pool)).toBe(false);
  });
}

test("no disk, one that is not there, one too small: an error each, nothing mounted", async () => {
  expect(await refused({ storage: "disk", disk: null, sizeMiB: 0 })).toMatchObject({ code: "invalid" });
  const absent = await refused({ storage: "disk", disk: join(dir, "absent"), sizeMiB: 0 });
  expect(absent).toMatchObject({ code: "invalid", message: expect.stringContaining("absent") });
  expect(existsSync(join(dir, "absent"))).toBe(false);
  expect(await refused({ storage: "disk", disk: await disk("4M"), sizeMiB: 0 })).toMatchObject({
    code: "host_command",
  });
  expect(await refused({ ...FILE, sizeMiB: 1 })).toMatchObject({ code: "host_command" });
  expect(existsSync(layout.poolFile)).toBe(false);
  expect(isMounted(layout.pool)).toBe(false);
});

function mountNode(rootfs: Rootfs): Promise<void> {
  const layer = join(layout.pool, "layers/one");
  mkdirSync(join(layer, "root"), { recursive: true });
  return rootfs.mount("nodezp", [layer], 3_000_000_000);
}

test("disks of nodes and homes have their quota, and go whole", async () => {
  await open(FILE);
  const rootfs = new Rootfs(layout);
  const homes = new Homes(layout);
  await Promise.all([mountNode(rootfs), homes.ensure("ownerz", 8), homes.ensure("ownerz", 8)]);
  await rootfs.limit("nodezp", 16);
  const fill = (path: string) =>
    run(["dd", "if=/dev/zero", `of=${join(path, "fill")}`, "bs=1M", "count=64", "oflag=direct"]).catch(
      (e) => e.message,
    );
  expect(await fill(join(layout.disk("nodezp"), "upper"))).toMatch(/quota/i);
  expect(await fill(layout.home("ownerz"))).toMatch(/quota/i);
  await run(["sync", "-f", layout.pool]);
  const used = await usage(layout.pool);
  expect(used.get("nodes/nodezp")!).toBeGreaterThan(4 * 1_048_576);
  expect(used.get("nodes/nodezp")!).toBeLessThanOrEqual(16 * 1_048_576);
  await homes.ensure("ownerz", 100);
  expect(await fill(layout.home("ownerz"))).toMatchObject({ code: 0 });
  await limitSubvolume(layout.home("ownerz"), 200 * 1_048_576);
  rootfs.unmount("nodezp");
  for (let i = 0; i < 2; i++) {
    await rootfs.deleteDisk("nodezp");
    await homes.remove("ownerz");
  }
  expect([...(await usage(layout.pool)).keys()]).toEqual([]);
});

test("quotas hold again after the kernel gave up counting, and it is told not to", async () => {
  await open(FILE);
  const groups = `/sys/fs/btrfs/${(await output(["findmnt", "-n", "-o", "UUID", "--mountpoint", layout.pool])).trim()}/qgroups`;
  if (!existsSync(`${groups}/drop_subtree_threshold`)) return;
  const says = (what: string) => readFileSync(`${groups}/${what}`, "utf8").trim();
  expect(says("drop_subtree_threshold")).toBe("8");
  const homes = new Homes(layout);
  await homes.ensure("ownerz", 8);
  // A change of groups that is not counted through: the figures are worth nothing from then on.
  writeFileSync(`${groups}/drop_subtree_threshold`, "3");
  const one = join(layout.pool, "build/one");
  await run(["btrfs", "subvolume", "create", one]);
  writeFileSync(join(one, "shared"), "x".repeat(100_000));
  await run(["btrfs", "subvolume", "snapshot", one, `${one}-2`]);
  await run(["sync", "-f", layout.pool]);
  await run(["btrfs", "qgroup", "create", "1/9", layout.pool]);
  const id = (await output(["btrfs", "inspect-internal", "rootid", one])).trim();
  await run(["btrfs", "qgroup", "assign", "--no-rescan", `0/${id}`, "1/9", layout.pool], { ok: [0, 1] });
  await run(["sync", "-f", layout.pool]);
  expect(says("inconsistent")).toBe("1");
  await open(FILE);
  expect(says("drop_subtree_threshold")).toBe("8");
  await run(["btrfs", "quota", "rescan", "-w", layout.pool], { ok: [0, 1], timeoutMs: 60_000 });
  expect(says("inconsistent")).toBe("0");
  const fill = ["dd", "if=/dev/zero", `of=${join(layout.home("ownerz"), "fill")}`, "bs=1M", "count=64"] as const;
  expect(await run([...fill, "oflag=direct"]).catch((e) => e.message)).toMatch(/quota/i);
}, 120_000);

test("the mounts of a node come and go as a whole; its disk stays", async () => {
  await open(FILE);
  const rootfs = new Rootfs(layout);
  for (let i = 0; i < 2; i++) await mountNode(rootfs);
  expect(statSync(layout.merged("nodezp")).uid).toBe(3_000_000_000);
  expect(statSync(layout.run("nodezp")).mode & 0o777).toBe(0o710);
  expect(statSync(layout.run("nodezp")).gid).toBe(3_000_000_000);
  writeFileSync(join(layout.disk("nodezp"), "upper/data"), "kept");
  rootfs.unmount("nodezp");
  rootfs.unmount("nodezp");
  expect(existsSync(layout.run("nodezp"))).toBe(false);
  expect(readFileSync(join(layout.disk("nodezp"), "upper/data"), "utf8")).toBe("kept");
});
