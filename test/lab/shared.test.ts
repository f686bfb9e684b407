import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Vcluster } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import { personBase } from "../../src/worker/layout.ts";
import { Gluster } from "../kit/gluster.ts";
import { LabDocklet } from "../kit/lab-docklet.ts";
import type { LabHost } from "../kit/lab-host.ts";
import { layMiniPool } from "../kit/mini-pool.ts";
import { type Node, owner, SETUP_MS, Stage, sh, TEST_MS } from "./stage.ts";

/** Two hosts that share people's data folders by GlusterFS; the server is on a third. */
let stage: Stage;
let gluster: Gluster;
let web: Vcluster;
const ANN = owner("ann");
const global = (h: LabHost) => join(h.prefix, "global");
const one = () => stage.lab.host("one");
const two = () => stage.lab.host("two");
const WAIT = { timeoutMs: 40_000, firstMs: 50 };

beforeAll(async () => {
  stage = await Stage.set(["one", "two", "three"], ["one", "two"]);
  gluster = await Gluster.start(stage.lab.host("three"), ["homes", "other"]);
  for (const h of [one(), two()]) {
    await gluster.client(h);
    await gluster.mount(h, "homes", global(h));
  }
  await until("it is taken as shared", async () => (await adopted()) !== undefined, WAIT);
}, SETUP_MS);

afterAll(async () => {
  gluster?.thaw();
  await stage?.strike();
}, SETUP_MS);

const adopted = async () =>
  (await stage.master.api.events({ owner: null, limit: 50 })).items.find((e) => e.action === "shared.adopt");
const reason = async (name: string) => (await stage.master.api.hosts()).find((h) => h.name === name)!.reason;
const says = (name: string, what: RegExp | null) =>
  until(
    `${name} says ${what}`,
    async () => {
      const why = await reason(name);
      return what === null ? why === null : what.test(why ?? "");
    },
    WAIT,
  );
async function nodes(vc: Vcluster): Promise<[Node, Node]> {
  const all = await stage.nodes(vc.id);
  return [all.find((n) => n.host === one())!, all.find((n) => n.host === two())!];
}

test(
  "nodes on two hosts have the same files, and root in the node owns them",
  async () => {
    expect((await adopted())!.message).toBe("fuse.glusterfs, the same on one, two");
    web = await stage.create(ANN, "web", 2);
    const [a, b] = await nodes(web);
    expect((await sh(a, "echo from-a > /root/nfs/file && chmod 600 /root/nfs/file")).out).toBe("");
    const read = "cat /root/nfs/file && stat -c '%u %g %a' /root/nfs/file && stat -c '%u' /root/nfs";
    const seen = () => sh(b, read).then((r) => (r.code === 0 ? r.out : null));
    expect(await until("b sees it", seen, WAIT)).toBe("from-a\n0 0 600\n0\n");
    expect((await sh(b, "echo from-b >> /root/nfs/file")).out).toBe("");
    const grown = () => sh(a, "cat /root/nfs/file").then((r) => /from-b/.test(r.out) && r.out);
    expect(await until("a sees it", grown, WAIT)).toBe("from-a\nfrom-b\n");
    // To the server, root of a node is a user like any other: it can't give files away.
    expect((await sh(a, "chown 33 /root/nfs/file")).code).not.toBe(0);
    const home = join(gluster.brick("homes"), "homes", ANN.id);
    expect([statSync(home).uid, statSync(join(home, "file")).uid]).toEqual([personBase(0), personBase(0)]);
    expect(statSync(home).mode & 0o777).toBe(0o700);
  },
  TEST_MS,
);

test(
  "a host without it, with another one or with one that is read-only is not ready and says why; nothing is written there",
  async () => {
    const at = global(two());
    const bob = owner("bob");
    const nothing = async () => {
      const made = await stage.create(bob, "elsewhere", 2);
      expect(made.nodes.map((n) => n.host)).toEqual(["one", "one"]);
      await stage.remove(made.id);
    };
    await two().run("umount", "-l", at);
    await says("two", /no shared file system is mounted there/);
    await nothing();
    expect(readdirSync(two().seen(at))).toEqual([]);

    await gluster.mount(two(), "other", at);
    await says("two", /is not the one with people's data folders/);
    await nothing();
    expect(readdirSync(gluster.brick("other")).filter((n) => n !== ".glusterfs")).toEqual([]);
    await two().run("umount", at);

    await gluster.mount(two(), "homes", at, "ro");
    await says("two", /mounted read-only/);
    await two().run("umount", at);

    // Not even when an order says so: here it would be an empty folder beside the right one.
    const worker = stage.workers.get("two")!;
    await expect(worker.share({ task: "removeHome", owner: ANN.id, token: "x" })).rejects.toThrow(/not mounted/);
    await gluster.mount(two(), "homes", at);
    await says("two", null);
  },
  TEST_MS,
);

test(
  "while the server hangs there are errors, and docklet answers; when it is back, all is well again",
  async () => {
    const [a] = await nodes(web);
    gluster.freeze();
    await Promise.all([says("one", /does not answer/), says("two", /does not answer/)]);
    // The workers themselves are as quick as ever: a thousand answers in the time of the many that a hung one would take.
    const worker = stage.workers.get("one")!;
    for (let i = 0; i < 1000; i++) await worker.history([a.id]);
    expect((await sh(a, "echo alive")).out).toBe("alive\n");
    await expect(stage.create(owner("cyd"), "new", 1)).rejects.toThrow(/does not answer/);
    // A worker that comes up now does not wait for it either, and leaves its nodes as they are.
    await worker.kill();
    await worker.up();
    await says("one", /does not answer/);
    gluster.thaw();
    await Promise.all([says("one", null), says("two", null)]);
    expect((await sh(a, "cat /root/nfs/file")).out).toBe("from-a\nfrom-b\n");
    const cyd = await stage.create(owner("cyd"), "new", 2);
    const [c] = await nodes(cyd);
    expect((await sh(c, "touch /root/nfs/mine && stat -c %u /root/nfs/mine")).out).toBe("0\n");
    // The one before her is bob, the third person here: each has ids of their own.
    expect(statSync(join(gluster.brick("homes"), "homes", owner("cyd").id)).uid).toBe(personBase(2));
    expect((await sh(c, "ls /root/nfs")).out).toBe("mine\n");
    await stage.remove(cyd.id);
  },
  TEST_MS,
);

test(
  "all of docklet starts and answers while the server of its files hangs",
  async () => {
    const host = await stage.lab.add("four");
    await layMiniPool(host.prefix);
    await gluster.client(host);
    await gluster.mount(host, "other", global(host));
    const docklet = new LabDocklet(host, { CLUSTER_NET: "10.204.0.0/16", SHARED_FS: "required" });
    const why = async () => (await docklet.root.hosts()).items[0]?.reason;
    try {
      docklet.serve();
      await docklet.ready();
      await docklet.sees("four");
      gluster.freeze();
      await until("it is seen", async () => /does not answer/.test((await why()) ?? ""), WAIT);
      expect((await docklet.cli("status")).code).toBe(0);
      await docklet.crash();
      docklet.serve();
      await until("it is seen again", async () => /does not answer/.test((await why().catch(() => null)) ?? ""), WAIT);
      expect((await docklet.cli("host", "ls")).stdout).toContain("does not answer");
      gluster.thaw();
      await docklet.sees("four");
    } finally {
      gluster.thaw();
      await docklet.rest();
    }
  },
  TEST_MS,
);

test(
  "a person who is removed takes their folder along",
  async () => {
    await stage.remove(web.id);
    expect(readdirSync(join(gluster.brick("homes"), "homes"))).toContain(ANN.id);
    await stage.master.api.removeOwner(ANN);
    expect(readdirSync(join(gluster.brick("homes"), "homes"))).not.toContain(ANN.id);
  },
  TEST_MS,
);
