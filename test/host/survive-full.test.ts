import { afterEach, describe, expect, test } from "bun:test";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiError, type Operation } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import { run } from "../../src/os/exec.ts";
import { settled } from "../kit/audit.ts";
import { TestDocklet } from "../kit/docklet.ts";
import { Counter, create, inside, seen, sh, sweep, TINY, trouble } from "../kit/nodes.ts";

/** Disks that are full: the storage pool's, and the one that docklet itself lives on. */
const MINUTES = 60_000;
const MIB = 1_048_576;
const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
}, MINUTES);

/** Writes until not one more block fits. */
function fill(file: string): void {
  const fd = openSync(file, "a");
  for (let size = MIB; size >= 4096; size /= 16) {
    const block = Buffer.alloc(size, 1);
    try {
      for (;;) writeSync(fd, block);
    } catch (e) {
      expect((e as { code?: string }).code).toBe("ENOSPC");
    }
  }
  closeSync(fd);
}

/**
 * Takes space in the pool until there is hardly any, or until btrfs refuses because its own records have no room,
 * which on a pool this small may come first. At the very last block btrfs is too slow for a test.
 */
async function crowd(pool: string, file: string): Promise<void> {
  writeFileSync(file, "");
  const free = () => Number(statfsSync(pool).bavail) * Number(statfsSync(pool).bsize);
  for (let at = 0; free() > 40 * MIB; at += 16 * MIB) {
    const range = ["-o", String(at), "-l", String(16 * MIB)];
    if ((await run(["fallocate", ...range, file], { ok: [0, 1] })).code !== 0) return;
  }
}

/** Why a vcluster that is asked for now does not come to be: refused at once, or undone. null: it came to be. */
async function whyNot(d: TestDocklet, name: string): Promise<string | null> {
  try {
    const made = await d.root.createVcluster({ body: { name, image: "mini", size: TINY } });
    return (await d.finish(made.operation)).error?.message ?? null;
  } catch (e) {
    if (e instanceof ApiError) return e.problem.message;
    throw e;
  }
}

const problem = async (d: TestDocklet) => (await d.root.hosts()).items[0]!.reason;
const told = (d: TestDocklet, full: boolean) =>
  until("the host to tell of its disk", async () => ((await problem(d))?.includes("full") ?? false) === full, {
    timeoutMs: 60_000,
    maxMs: 200,
  });
const doneBy = (d: TestDocklet) => async (asked: Promise<Operation>) => {
  const op = await d.finish(await asked);
  // Its whole error is worth more than "failed".
  expect([op.state, op.error]).toEqual(["done", null]);
};
const named = (name: string) => ({ params: { name } });

describe("the storage pool is full", () => {
  test(
    "a node's own disk first: others go on; then the whole pool: nothing new, but stop, delete and the portal work",
    async () => {
      const d = await TestDocklet.start({ images: ["mini"], settings: { DISKPOOL_SIZE: 768 } });
      cleanup.push(() => d.destroy());
      const done = doneBy(d);
      await create(d, "hog", 1, { disk: 300 });
      await create(d, "quiet", 1);
      const counter = await Counter.start(d, "quiet");
      const hog = await seen(d, "hog");
      expect(inside(hog, "sh", "-c", "dd if=/dev/urandom of=/root/x bs=1M count=400; sync").stderr).toMatch(
        /quota|space/i,
      );
      expect(sh(await seen(d, "quiet"), "echo y > /root/y; sync; cat /root/y")).toBe("y");
      // A node whose own disk is full can be stopped, started and entered.
      await done(d.root.stopVcluster(named("hog")));
      await done(d.root.startVcluster(named("hog")));
      expect((await d.exec("hog", "hostname")).stdout).toBe("host-0\n");

      const filler = join(hog.layout.pool, "filler");
      await crowd(hog.layout.pool, filler);
      const why = await whyNot(d, "late");
      expect(why ?? "there was room for one more").toMatch(/full|space|room/i);
      const counted = (await d.root.vclusters({ query: {} })).items.length;
      expect(counted).toBe(why === null ? 3 : 2);
      await counter.goesOn();
      expect((await fetch(`${d.portal}/healthz`)).ok).toBe(true);
      await done(d.root.stopVcluster(named("quiet")));
      await done(d.root.deleteVcluster(named("hog")));
      rmSync(filler);
      await run(["btrfs", "filesystem", "sync", hog.layout.pool]);
      await told(d, false);
      // Freed blocks come back when btrfs gets to it; trying again is what a person does.
      await until(
        "a start to work again",
        async () => (await d.finish(await d.root.startVcluster(named("quiet")))).state === "done",
        {
          timeoutMs: 60_000,
          firstMs: 500,
        },
      );
      if (why !== null) await create(d, "late");
      await sweep(d);
    },
    2 * MINUTES,
  );
});

describe("the disk under FS_PREFIX is full", () => {
  test(
    "nothing new is begun; nodes, portal, stop, start, delete and a restart work; all is well when there is room again",
    async () => {
      const dir = mkdtempSync(join(tmpdir(), "docklet-full-"));
      const disk = join(dir, "disk");
      mkdirSync(disk);
      cleanup.push(() => rmSync(dir, { recursive: true }));
      await run(["truncate", "-s", "2G", `${disk}.img`]);
      await run(["mkfs.ext4", "-q", "-m", "0", `${disk}.img`]);
      await run(["mount", "-o", "loop", `${disk}.img`, disk]);
      cleanup.push(() => run(["umount", disk]));
      // LXC must be able to walk through.
      await run(["chmod", "711", dir, disk]);
      const d = await TestDocklet.start({ images: ["mini"], folder: disk, settings: { DISKPOOL_SIZE: 1200 } });
      cleanup.push(() => d.destroy());
      const done = doneBy(d);
      await create(d, "a", 2);
      await create(d, "b", 1);
      const counter = await Counter.start(d, "b");
      const filler = join(disk, "filler");
      fill(filler);
      await told(d, true);

      const refused = await trouble(d.root.createVcluster({ body: { name: "c", image: "mini", size: TINY } }));
      expect(refused.message).toMatch(/the disk that holds .* is full/);
      await done(d.root.stopVcluster(named("a")));
      await done(d.root.startVcluster(named("a")));
      await done(d.root.deleteVcluster(named("a")));
      await counter.goesOn();
      expect((await fetch(`${d.portal}/`)).ok).toBe(true);
      const checks = (await (await fetch(`${d.portal}/readyz`)).json()) as { checks: Record<string, string | null> };
      expect(JSON.stringify(checks)).toContain("is full");
      await settled(d);

      for (const end of ["kill", "down"] as const) {
        await d[end]();
        await d.up("healthz");
        await settled(d);
        await counter.goesOn();
        // What the start gave up is taken by others too.
        fill(`${filler}-${end}`);
      }

      await done(d.root.stopVcluster(named("b")));
      for (const file of [filler, `${filler}-kill`, `${filler}-down`]) rmSync(file);
      await told(d, false);
      await done(d.root.startVcluster(named("b")));
      await create(d, "c");
      await sweep(d);
    },
    2 * MINUTES,
  );
});
