import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, lstatSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../src/lib/retry.ts";
import { Layout } from "../../src/worker/layout.ts";
import { settled } from "../kit/audit.ts";
import { TestDocklet } from "../kit/docklet.ts";
import { create, inside, limitsOf, seen, seenNode, sh, sweep, TINY, trouble } from "../kit/nodes.ts";

/** A vcluster's life on a real host, as its person and as the kernel see it. */
const MINUTES = 60_000;
const MIB = 1_048_576;
let d: TestDocklet;
let layout: Layout;

beforeAll(async () => {
  d = await TestDocklet.start({ images: ["mini"] });
  layout = new Layout(d.prefix, d.tag);
}, MINUTES);
afterAll(() => d.destroy(), MINUTES);
afterEach(() => sweep(d), MINUTES);

const named = (name: string) => ({ params: { name } });
const rules = () =>
  String(Bun.spawnSync(["iptables-save"]).stdout)
    .split("\n")
    .filter((l) => l.includes(d.tag) || l.includes(layout.bridge("")))
    .map((l) => l.replace(/ \[\d+:\d+\]$/, ""));

describe("create", () => {
  test("gives nodes their names, addresses and sizes, and the kernel holds them to these", async () => {
    const before = rules();
    const vc = await create(d, "lab", 3, { cpu: 0.3, memory: 96, disk: 300 });
    expect(vc.nodes.map((n) => n.name)).toEqual(["host-0", "host-1", "host-2"]);
    expect(new Set(vc.nodes.map((n) => n.address)).size).toBe(3);
    for (const node of vc.nodes) {
      const n = seenNode(d, node.id);
      expect(limitsOf(n)).toEqual({ cpu: 0.3, memory: 96 * MIB, pids: 4096 });
      expect(sh(n, "hostname")).toBe(node.name);
      for (const other of vc.nodes) {
        expect(sh(n, "cat /etc/hosts")).toContain(`${other.address} ${other.name} ${other.name}.lab`);
        expect(inside(n, "ping", "-c", "1", "-W", "3", other.name).code).toBe(0);
      }
    }
    const n = await seen(d, "lab", "host-1");
    expect(inside(n, "dd", "if=/dev/zero", "of=/root/big", "bs=1M", "count=200").code).toBe(0);
    expect(inside(n, "sh", "-c", "dd if=/dev/urandom of=/root/more bs=1M count=200; sync").stderr).toMatch(
      /quota|space/i,
    );
    expect(inside(await seen(d, "lab", "host-2"), "sh", "-c", "echo x > /root/x && sync").code).toBe(0);

    expect((await d.finish(await d.root.deleteVcluster(named("lab")))).state).toBe("done");
    await settled(d);
    // Not one rule comes or goes with a vcluster.
    expect(rules()).toEqual(before);
  });

  test("refuses what there is no room for, and says what there would be", async () => {
    const e = await trouble(d.root.createVcluster({ body: { image: "mini", size: { ...TINY, memory: 4_000_000 } } }));
    expect(e.code).toBe("no_capacity");
    expect(e.message).toContain("3.8 TiB memory");
    expect(e.hint).toContain("largest node that would fit");
    const many = await trouble(
      d.root.createVcluster({ body: { image: "mini", nodes: 128, size: { ...TINY, memory: 8192 } } }),
    );
    expect(many.hint).toMatch(/\d+ nodes? of this size would fit/);
    const image = await trouble(d.root.createVcluster({ body: { image: "base", size: TINY } }));
    expect(`${image.message} ${image.hint}`).toContain("base");
    expect((await d.root.vclusters({ query: {} })).items).toEqual([]);
  });

  test("keeps people within their quota", async () => {
    await d.root.createGroup({ body: { name: "few", quota: { nodes: 2 } } });
    const { api } = await d.person("paula");
    await d.root.patchUser({ params: { name: "paula" }, body: { group: "few" } });
    const make = (nodes: number) => api.createVcluster({ body: { name: "one", image: "mini", nodes, size: TINY } });
    const e = await trouble(make(3));
    expect(e.code).toBe("quota_exceeded");
    expect(`${e.message} ${e.hint}`).toMatch(/node/);
    const made = await make(2);
    expect((await d.finish(made.operation)).state).toBe("done");
    expect((await trouble(api.scaleVcluster({ ...named("one"), body: { nodes: 3 } }))).code).toBe("quota_exceeded");
    expect((await api.me({})).used.nodes).toBe(2);
    await d.finish(await api.deleteVcluster(named("one")));
    await until("the quota to be given back", async () => (await api.me({})).used.nodes === 0, { timeoutMs: 5_000 });
  });

  test("that fails half-way undoes all of it, and works when tried again", async () => {
    // The host's memory file system for running nodes gets room for two and a half of them.
    const free = () => Number(statfsSync(layout.live).bavail) * Number(statfsSync(layout.live).bsize);
    const empty = free();
    await create(d, "probe");
    const each = empty - free();
    await d.finish(await d.root.deleteVcluster(named("probe")));
    await settled(d);
    const filler = join(layout.live, "filler");
    writeFileSync(filler, Buffer.alloc(free() - Math.round(each * 2.5), 1));
    try {
      const made = await d.root.createVcluster({ body: { name: "half", image: "mini", nodes: 3, size: TINY } });
      const op = await d.finish(made.operation);
      expect(op.state).toBe("failed");
      expect(op.error!.message).toMatch(/host-\d: .*(space|ENOSPC)/i);
      expect(op.error!.hint).not.toBe("");
      await settled(d);
      expect((await d.root.vclusters({ query: {} })).items).toEqual([]);
    } finally {
      rmSync(filler);
    }
    await create(d, "half", 3);
  });
});

describe("change", () => {
  test("scale: names follow within a moment on all nodes, in both directions", async () => {
    await create(d, "grow", 1);
    const first = await seen(d, "grow");
    expect((await d.finish(await d.root.scaleVcluster({ ...named("grow"), body: { nodes: 3 } }))).state).toBe("done");
    const vc = await d.root.vcluster(named("grow"));
    await until("host-2 in the first node's hosts", () => sh(first, "cat /etc/hosts").includes("host-2"), {
      timeoutMs: 5_000,
    });
    expect(inside(first, "ping", "-c", "1", "-W", "3", "host-2").code).toBe(0);
    expect(vc.nodes.map((n) => n.name)).toEqual(["host-0", "host-1", "host-2"]);
    expect(vc.nodes[2]!.size).toEqual(TINY);
    await d.finish(await d.root.scaleVcluster({ ...named("grow"), body: { nodes: 2 } }));
    await until("host-2 out of it", () => !sh(first, "cat /etc/hosts").includes("host-2"), { timeoutMs: 5_000 });
    // Another size for those that come.
    const bigger = { ...TINY, memory: 128 };
    await d.finish(await d.root.scaleVcluster({ ...named("grow"), body: { nodes: 3, size: bigger } }));
    expect(limitsOf(await seen(d, "grow", "host-2")).memory).toBe(128 * MIB);
    expect(limitsOf(first).memory).toBe(64 * MIB);
  });

  test("stop and start keep disk, address and link; memory and processes are given back", async () => {
    const vc = await create(d, "rest", 2);
    sh(await seen(d, "rest", "host-1"), "echo mine > /root/file; chown 1000:1000 /root/file");
    expect((await d.finish(await d.root.stopVcluster(named("rest")))).state).toBe("done");
    await settled(d);
    expect((await d.root.vcluster(named("rest"))).state).toBe("stopped");
    expect((await d.finish(await d.root.startVcluster(named("rest")))).state).toBe("done");
    const after = await d.root.vcluster(named("rest"));
    expect(after.nodes.map((n) => [n.id, n.address, n.slug])).toEqual(vc.nodes.map((n) => [n.id, n.address, n.slug]));
    expect(sh(await seen(d, "rest", "host-1"), "cat /root/file; stat -c %u:%g /root/file")).toBe("mine\n1000:1000");
  });

  test("rename: the new name in the nodes too, the old one is free", async () => {
    await create(d, "old");
    const renamed = await d.root.renameVcluster({ ...named("old"), body: { name: "new" } });
    expect(renamed.name).toBe("new");
    const n = await seen(d, "new");
    await until("the new name in /etc/hosts", () => sh(n, "cat /etc/hosts").includes("host-0.new"), {
      timeoutMs: 5_000,
    });
    await create(d, "old");
    expect((await trouble(d.root.renameVcluster({ ...named("old"), body: { name: "new" } }))).code).toBe("conflict");
  });
});

describe("the data folder", () => {
  test(
    "is one for all nodes of all vclusters of a person, apart from others', limited, and outlives them",
    async () => {
      await d.root.createGroup({ body: { name: "small", quota: { home: 64 } } });
      const { api } = await d.person("ann");
      const { api: other } = await d.person("bob");
      await d.root.patchUser({ params: { name: "ann" }, body: { group: "small" } });
      const make = async (as: typeof api, name: string, nodes: number) => {
        const op = await d.finish(
          (await as.createVcluster({ body: { name, image: "mini", nodes, size: TINY } })).operation,
        );
        expect(op.state).toBe("done");
      };
      await make(api, "x", 2);
      await make(api, "y", 1);
      await make(other, "z", 1);
      sh(await seen(d, "x", "host-0", "ann"), "echo hello > /root/nfs/note");
      expect(sh(await seen(d, "x", "host-1", "ann"), "cat /root/nfs/note; echo more >> /root/nfs/note")).toBe("hello");
      const y = await seen(d, "y", "host-0", "ann");
      expect(sh(y, "cat /root/nfs/note")).toBe("hello\nmore");
      expect(sh(y, "stat -c %u /root/nfs/note")).toBe("0");
      expect(sh(await seen(d, "z", "host-0", "bob"), "ls -A /root/nfs")).not.toContain("note");
      expect(inside(y, "sh", "-c", "dd if=/dev/urandom of=/root/nfs/big bs=1M count=100; sync").stderr).toMatch(
        /quota|space/i,
      );
      expect(sh(y, "rm /root/nfs/big; echo fits > /root/nfs/small; cat /root/nfs/small")).toBe("fits");
      for (const name of ["x", "y"]) await d.finish(await api.deleteVcluster(named(name)));
      await settled(d);
      await make(api, "w", 1);
      expect(sh(await seen(d, "w", "host-0", "ann"), "cat /root/nfs/note")).toBe("hello\nmore");
    },
    MINUTES,
  );
});

describe("warm nodes", () => {
  const image = async () => (await d.root.images()).items.find((i) => i.name === "mini")!;
  const want = (warm: number) => d.root.patchImage({ ...named("mini"), body: { warm } });
  const have = (n: number) =>
    until(`${n} warm nodes`, async () => (await image()).warm.have === n, { timeoutMs: 30_000, maxMs: 100 });
  /** Containers whose root file systems are mounted now. */
  const mounted = () => readdirSync(layout.live).filter((id) => existsSync(layout.merged(id)));

  test(
    "are claimed with the limits of the plan, filled up again, follow the wanted number, and are replaced with the image",
    async () => {
      try {
        await want(2);
        await have(2);
        await settled(d);
        const vc = await create(d, "fast", 1, { cpu: 0.7, memory: 200, disk: 400 });
        expect(vc.nodes[0]!.warm).toBe(true);
        const n = await seen(d, "fast");
        expect(limitsOf(n)).toEqual({ cpu: 0.7, memory: 200 * MIB, pids: 4096 });
        expect(sh(n, "hostname; cat /etc/hosts")).toContain(`${vc.nodes[0]!.address} host-0 host-0.fast`);
        expect(sh(n, "echo x > /root/nfs/warm; ip -4 addr show eth0")).toContain(vc.nodes[0]!.address!);
        expect(inside(n, "sh", "-c", "dd if=/dev/urandom of=/root/big bs=1M count=500; sync").stderr).toMatch(
          /quota|space/i,
        );
        await have(2);
        await settled(d);
        await want(1);
        await have(1);
        await settled(d);
        const old = mounted();
        await d.build("mini");
        await until(
          "new warm nodes for the old ones",
          async () => (await image()).warm.have === 1 && mounted().filter((id) => !old.includes(id)).length === 1,
          {
            timeoutMs: 30_000,
          },
        );
        await settled(d);
        // The node that is somebody's keeps the layers that it began with.
        expect(mounted()).toContain(n.id);
        expect(sh(n, "hostname")).toBe("host-0");
      } finally {
        await want(0);
        await have(0);
      }
    },
    MINUTES,
  );
});

describe("what a node's root does to its own files", () => {
  test("links, devices and the identity folder lead nowhere on the host", async () => {
    const marker = join(d.prefix, "marker");
    writeFileSync(marker, "host\n");
    await create(d, "evil");
    const n = await seen(d, "evil");
    expect(inside(n, "mknod", "/root/disk", "b", "7", "0").code).not.toBe(0);
    expect(inside(n, "sh", "-c", "echo x > /run/docklet/hosts").code).not.toBe(0);
    expect(inside(n, "sh", "-c", "rm -rf /run/docklet/hosts").code).not.toBe(0);
    // Links where docklet mounts things at the next start.
    inside(
      n,
      "sh",
      "-c",
      `umount /root/nfs; rmdir /root/nfs; ln -s / /root/nfs; ln -sf ${marker} /etc/hosts; ln -sf ${d.prefix} /root/out`,
    );
    await d.finish(await d.root.stopVcluster(named("evil")));
    const op = await d.finish(await d.root.startVcluster(named("evil")));
    expect(["done", "failed"]).toContain(op.state);
    if (op.state === "failed") expect(op.error!.message).toContain("host-0");
    expect(await Bun.file(marker).text()).toBe("host\n");
    expect(lstatSync(marker).uid).toBe(0);
    await create(d, "good");
    expect(sh(await seen(d, "good"), "echo fine")).toBe("fine");
  });
});
