import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Picture, Volume } from "../../src/contracts/worker.ts";
import { until } from "../../src/lib/retry.ts";
import { createSubvolume, snapshot } from "../../src/os/btrfs.ts";
import { run } from "../../src/os/exec.ts";
import { isReadonly } from "../../src/os/subvolume-stream.ts";
import { encodeAbout } from "../../src/worker/volumes/about.ts";
import { KEPT_MS } from "../../src/worker/volumes/shelf.ts";
import { carry, PoolSite, treeText } from "../kit/pool-site.ts";

/** Needs root and btrfs: two pools on loop devices, and real `btrfs send` and `btrfs receive` between them. */
setDefaultTimeout(120_000);
const MIB = 1_048_576;
const NODE = "nodeaa";
const DIGEST = "0123456789abcdef";
const disk = (name = "p1"): Picture => ({ volume: { kind: "disk", id: NODE }, name });
const layer = (id: string): Picture => ({ volume: { kind: "layer", id }, name: "layer" });
const home = (name = "p1"): Picture => ({ volume: { kind: "home", id: "ownera" }, name });

let a: PoolSite;
let b: PoolSite;
beforeEach(async () => {
  a = await PoolSite.up("za");
  b = await PoolSite.up("zb");
});
afterEach(async () => {
  await a.down();
  await b.down();
});

/** What overlay leaves in a node's upper folder, and what programs care about. */
async function lived(root: string): Promise<void> {
  mkdirSync(join(root, "etc"));
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\n", { mode: 0o640 });
  writeFileSync(join(root, "data"), Buffer.alloc(3 * MIB, 7));
  await run(["ln", join(root, "data"), join(root, "data2")]);
  await run(["ln", "-s", "../etc/passwd", join(root, "etc/link")]);
  await run(["mknod", join(root, "gone"), "c", "0", "0"]);
  await run(["setfattr", "-n", "trusted.overlay.opaque", "-v", "y", join(root, "etc")]);
  await run(["setfattr", "-n", "user.mine", "-v", "value", join(root, "data")]);
  await run(["chown", "1000:1000", join(root, "data")]);
  await run(["chmod", "4755", join(root, "etc/passwd")]);
}
const random = (path: string, mib: number) =>
  run(["dd", "if=/dev/urandom", `of=${path}`, "bs=1M", `count=${mib}`, "status=none"]);

/** Nothing of a volume but the thing itself is left. */
function nothingLeft(site: PoolSite, volume: Volume): void {
  expect(existsSync(site.volumes.shelf.of(volume))).toBe(false);
}
/** Processes of btrfs that name a folder of ours. */
function processes(site: PoolSite): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return /^\d+$/.test(pid) && line.startsWith("btrfs\0") && line.includes(site.folder);
    } catch {
      return false;
    }
  });
}

test("a layer is the same layer on another host: id, tree, attributes; its image is there at once", async () => {
  const parent = await a.layer("base", DIGEST, [], lived);
  const child = await a.layer("mini", DIGEST, [parent], lived);
  expect(a.images.get("mini")).toMatchObject({ state: "ready", layers: [child, parent] });

  await carry(a.volumes, b.volumes, layer(child));
  await expect(b.volumes.adopt(layer(child))).rejects.toMatchObject({ code: "conflict" });
  await carry(a.volumes, b.volumes, layer(parent));
  await b.volumes.adopt(layer(parent));
  await b.volumes.adopt(layer(child));
  await b.volumes.adopt(layer(child));

  expect(b.images.get("mini")).toMatchObject({ state: "ready", layers: [child, parent], builtAt: 2 });
  expect(await treeText(b.layers.tree(child))).toBe(await treeText(a.layers.tree(child)));
  expect(await treeText(a.layers.tree(child))).toContain("trusted.overlay.opaque");
  expect(await isReadonly(b.layers.path(child))).toBe(true);
  // It is here: nothing is sent again.
  expect(await carry(a.volumes, b.volumes, layer(child))).toBe(0);
  await b.start();
  expect(b.images.get("mini")).toMatchObject({ state: "ready" });
});

test("a disk follows its node, first whole, then what has changed since; the node stays who it was", async () => {
  const mini = await a.layer("mini", DIGEST, [], lived);
  await a.node(NODE, "instaa", [mini], lived);
  await random(join(a.layout.disk("instaa"), "upper/big"), 20);
  const first = await carry(a.volumes, b.volumes, disk("p1"));
  expect(first).toBeGreaterThan(20 * MIB);

  writeFileSync(join(a.layout.disk("instaa"), "upper/etc/later"), "written later");
  rmSync(join(a.layout.disk("instaa"), "upper/data2"));
  const { bytes } = await a.volumes.take({ picture: disk("p2"), parent: "p1" });
  expect(bytes).toBeLessThan(MIB);
  const second = await carry(a.volumes, b.volumes, disk("p2"), "p1");
  expect(second).toBeLessThan(MIB);

  await expect(b.volumes.adopt(disk("p2"))).rejects.toMatchObject({ code: "conflict" });
  await carry(a.volumes, b.volumes, layer(mini));
  await b.volumes.adopt(layer(mini));
  await b.volumes.adopt(disk("p2"));
  await b.volumes.adopt(disk("p2"));
  expect(b.instances.all()).toEqual([]);
  expect(b.volumes.standsOn(mini)).toBe(true);
  // docklet may die between any two steps: the disk waits on.
  await b.start();
  b.disks.claim(NODE, "vclusa");
  b.disks.claim(NODE, "vclusa");

  const was = a.instances.ofNode(NODE)!;
  const is = b.instances.ofNode(NODE)!;
  expect(is).toMatchObject({
    node: NODE,
    vcluster: "vclusa",
    image: "mini",
    stage: "claimed",
    slug: was.slug,
    hostKey: was.hostKey,
    jupyterToken: was.jupyterToken,
    layers: [b.layers.tree(mini)],
  });
  const upper = (site: PoolSite, id: string) => join(site.layout.disk(id), "upper");
  expect(await treeText(upper(b, is.id))).toBe(await treeText(upper(a, "instaa")));
  writeFileSync(join(upper(b, is.id), "here"), "it can be written to");

  // And back again, as a difference from what both still have.
  await b.volumes.take({ picture: disk("p3"), parent: "p2" });
  const back = await carry(b.volumes, a.volumes, disk("p3"), "p2");
  expect(back).toBeLessThan(MIB);
  await expect(a.volumes.adopt(disk("p3"))).rejects.toMatchObject({ code: "conflict" });
  await a.volumes.drop(disk().volume);
  await b.volumes.drop(disk().volume);
  nothingLeft(a, disk().volume);
  nothingLeft(b, disk().volume);
  expect(existsSync(a.layout.disk("instaa")) && existsSync(b.layout.disk(is.id))).toBe(true);
});

test("a byte that is wrong is noticed; what was broken off goes on where it was, also after a restart", async () => {
  await a.node(NODE, "instaa", [], async (upper) => void (await random(join(upper, "big"), 24)));
  const flip = (data: Uint8Array) => {
    const bad = data.slice();
    bad[bad.length - 1]! ^= 1;
    return bad;
  };
  let at = 0;
  const damaged = carry(a.volumes, b.volumes, disk(), null, (data) => (++at === 5 ? flip(data) : data));
  await expect(damaged).rejects.toMatchObject({ code: "conflict" });
  expect(existsSync(b.volumes.shelf.part(disk()))).toBe(false);

  const sent = await carry(a.volumes, b.volumes, disk(), null, (data, done) => (done > 10 * MIB ? null : data));
  expect(sent).toBeGreaterThan(10 * MIB);
  await b.start();
  const rest = await carry(a.volumes, b.volumes, disk());
  expect(rest).toBeGreaterThan(0);
  expect(sent + rest).toBeLessThan(25 * MIB);
  const read = (site: PoolSite) => treeText(site.volumes.shelf.subvolume(disk()));
  expect(await read(b)).toBe(await read(a));

  // A disk of the host that changes what has arrived: found when all is there, and begun anew.
  await carry(a.volumes, b.volumes, disk("p2"), null, (data, done) => (done > 10 * MIB ? null : data));
  appendFileSync(b.volumes.shelf.part(disk("p2")), "rubbish");
  await expect(carry(a.volumes, b.volumes, disk("p2"))).rejects.toMatchObject({ code: "conflict" });
  await carry(a.volumes, b.volumes, disk("p2"));
  // What was begun as a difference is not gone on with as a whole.
  await carry(a.volumes, b.volumes, disk("p3"), null, (data, done) => (done > 10 * MIB ? null : data));
  await carry(a.volumes, b.volumes, disk("p3"), "p2");
});

test("a data folder takes no other's place", async () => {
  await createSubvolume(a.layout.home("ownera"));
  await lived(a.layout.home("ownera"));
  await carry(a.volumes, b.volumes, home());
  await b.volumes.adopt(home());
  await b.volumes.adopt(home());
  expect(await treeText(b.layout.home("ownera"))).toBe(await treeText(a.layout.home("ownera")));
  writeFileSync(join(b.layout.home("ownera"), "new"), "");
  await carry(a.volumes, b.volumes, home("p2"));
  await expect(b.volumes.adopt(home("p2"))).rejects.toMatchObject({ code: "conflict" });
  await b.volumes.adopt(home("p1"));
  expect(existsSync(join(b.layout.home("ownera"), "new"))).toBe(true);
});

test("what is dropped in the middle leaves no file and no process; so does a crash at the next start", async () => {
  await a.node(NODE, "instaa", [], async (upper) => void (await random(join(upper, "big"), 40)));
  await a.volumes.take({ picture: disk(), parent: null });
  const sink = await b.volumes.receive({ picture: disk(), parent: null });
  const source = await a.volumes.send({ picture: disk(), parent: null, offset: 0 });
  const reading = source[Symbol.asyncIterator]();
  await sink.write((await reading.next()).value!);
  await reading.next();
  expect(processes(a)).toHaveLength(1);
  await a.volumes.drop(disk().volume);
  await b.volumes.drop(disk().volume);
  expect(processes(a)).toEqual([]);
  await expect(sink.write(new Uint8Array(1))).rejects.toMatchObject({ code: "unavailable" });
  nothingLeft(a, disk().volume);
  nothingLeft(b, disk().volume);

  // Half of everything, as a crash leaves it.
  await carry(a.volumes, b.volumes, disk(), null, (data, done) => (done > MIB ? null : data));
  const folder = b.volumes.shelf.of(disk().volume);
  await createSubvolume(join(folder, "half"));
  await createSubvolume(join(folder, "+disk"));
  await snapshot(join(folder, "half"), join(folder, "nameless"), { readonly: true });
  writeFileSync(join(folder, "nothing.json"), "{}");
  await b.start();
  expect(readdirSync(folder)).toEqual(["p1.part"]);
  // Nobody came back for it within a day.
  b.now += KEPT_MS + 1_000;
  await b.volumes.tidy();
  nothingLeft(b, disk().volume);
});

test("a stream that is nonsense, or means something else, makes nothing", async () => {
  const { volume } = disk();
  const about = encodeAbout({
    version: 1,
    picture: disk(),
    parent: null,
    of: {
      kind: "disk",
      disk: { image: "mini", layers: [], slug: "sluggyslug", jupyterToken: "t", hostKey: "k", hostKeyPub: "k" },
    },
  });
  const bring = async (...pieces: Uint8Array[]) => {
    const sink = await b.volumes.receive({ picture: disk(), parent: null });
    const hash = new Bun.CryptoHasher("sha256");
    let bytes = sink.offset;
    for (const p of pieces) {
      await sink.write(p);
      hash.update(p);
      bytes += p.length;
    }
    await sink.finish({ bytes, digest: hash.digest("hex") });
  };
  await expect(bring(about, new TextEncoder().encode("no stream of btrfs"))).rejects.toMatchObject({
    code: "host_command",
  });
  await b.volumes.drop(volume);
  // Empty, and a home in place of a disk.
  await expect(bring()).rejects.toMatchObject({ code: "conflict" });
  const other = encodeAbout({ version: 1, picture: home(), parent: null, of: { kind: "home" } });
  await expect(bring(other)).rejects.toMatchObject({ code: "conflict" });
  expect(b.volumes.shelf.about(disk())).toBeNull();
  await b.volumes.drop(volume);
  nothingLeft(b, volume);
  await expect(b.volumes.take({ picture: disk(), parent: null })).rejects.toMatchObject({ code: "not_found" });
  b.full = "the storage pool is full";
  await expect(b.volumes.receive({ picture: disk(), parent: null })).rejects.toMatchObject({ code: "disk_full" });
});

test("layers that nobody needs any more go away, those on the way do not", async () => {
  const old = await a.layer("mini", "aaaaaaaaaaaaaaaa", [], lived);
  await a.node(NODE, "instaa", [old], async () => {});
  const fresh = await a.layer("mini", "bbbbbbbbbbbbbbbb", [], lived);
  for (const id of [fresh, old]) {
    await carry(a.volumes, b.volumes, layer(id));
    await b.volumes.adopt(layer(id));
  }
  await b.images.prune();
  expect(b.layers.all()).toHaveLength(2);
  await carry(a.volumes, b.volumes, disk());
  await b.volumes.drop(layer(old).volume);
  await b.images.prune();
  // The picture of a disk stands on it.
  expect(b.layers.all()).toHaveLength(2);
  await b.volumes.drop(disk().volume);
  await b.images.prune();
  expect(b.layers.all().map((m) => m.digest)).toEqual(["bbbbbbbbbbbbbbbb"]);

  // A layer that is being sent can be deleted all the same.
  const source = await b.volumes.send({ picture: layer(fresh), parent: null, offset: 0 });
  await source[Symbol.asyncIterator]().next();
  await b.volumes.shelf.clear(layer(fresh).volume);
  await b.images.remove("mini");
  expect(b.layers.all()).toEqual([]);
  await until("no process is left", () => processes(b).length === 0, { timeoutMs: 5_000 });
});
