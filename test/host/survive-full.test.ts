import { afterEach, describe, expect, test } from "bun:test";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** Takes all space that there is, without writing most of it. */
async function fill(file: string): Promise<void> {
  writeFileSync(file, "");
  for (let size = 1024 * MIB, at = 0; size >= 4096; ) {
    const range = ["-o", String(at), "-l", String(size)];
    if ((await run(["fallocate", ...range, file], { ok: [0, 1] })).code === 0) at += size;
    else size /= 4;
  }
  const fd = openSync(file, "a");
  try {
    for (;;) writeSync(fd, Buffer.alloc(4096, 1));
  } catch (e) {
    expect((e as { code?: string }).code).toBe("ENOSPC");
  } finally {
    closeSync(fd);
  }
}

const problem = async (d: TestDocklet) => (await d.root.hosts()).items[0]!.reason;
const told = (d: TestDocklet, full: boolean) =>
  until("the host to tell of its disk", async () => ((await problem(d))?.includes("full") ?? false) === full, {
    timeoutMs: 60_000,
    maxMs: 200,
  });
const named = (name: string) => ({ params: { name } });

describe("the storage pool is full", () => {
  test(
    "a node's own disk first: others go on; then the whole pool: nothing new, but stop, delete and the portal work",
    async () => {
      const d = await TestDocklet.start({ images: ["mini"], settings: { DISKPOOL_SIZE: 1024 } });
      cleanup.push(() => d.destroy());
      await create(d, "hog", 1, { disk: 300 });
      await create(d, "quiet", 1);
      const counter = await Counter.start(d, "quiet");
      const hog = await seen(d, "hog");
      expect(inside(hog, "sh", "-c", "dd if=/dev/urandom of=/root/x bs=1M count=400; sync").stderr).toMatch(
        /quota|space/i,
      );
      expect(sh(await seen(d, "quiet"), "echo y > /root/y; sync; cat /root/y")).toBe("y");
      // A node whose own disk is full can be stopped, started and entered.
      expect((await d.finish(await d.root.stopVcluster(named("hog")))).state).toBe("done");
      expect((await d.finish(await d.root.startVcluster(named("hog")))).state).toBe("done");
      expect((await d.exec("hog", "hostname")).stdout).toBe("host-0\n");

      const filler = join(hog.layout.pool, "filler");
      await fill(filler);
      await told(d, true);
      const refused = await trouble(d.root.createVcluster({ body: { name: "late", image: "mini", size: TINY } }));
      expect(refused.message).toContain("the storage pool is full");
      const grown = await trouble(d.root.scaleVcluster({ ...named("quiet"), body: { nodes: 2 } }));
      expect(grown.message).toContain("the storage pool is full");
      await counter.goesOn();
      expect((await fetch(`${d.portal}/healthz`)).ok).toBe(true);
      expect((await d.finish(await d.root.stopVcluster(named("quiet")))).state).toBe("done");
      expect((await d.finish(await d.root.deleteVcluster(named("hog")))).state).toBe("done");
      rmSync(filler);
      // By itself btrfs does so within a minute.
      await run(["btrfs", "balance", "start", "-dusage=0", hog.layout.pool], { timeoutMs: 60_000 });
      await told(d, false);
      expect((await d.finish(await d.root.startVcluster(named("quiet")))).state).toBe("done");
      await create(d, "late");
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
      await create(d, "a", 2);
      await create(d, "b", 1);
      const counter = await Counter.start(d, "b");
      const filler = join(disk, "filler");
      await fill(filler);
      await told(d, true);

      const refused = await trouble(d.root.createVcluster({ body: { name: "c", image: "mini", size: TINY } }));
      expect(refused.message).toMatch(/the disk that holds .* is full/);
      expect((await d.finish(await d.root.stopVcluster(named("a")))).state).toBe("done");
      expect((await d.finish(await d.root.startVcluster(named("a")))).state).toBe("done");
      expect((await d.finish(await d.root.deleteVcluster(named("a")))).state).toBe("done");
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
        await fill(`${filler}-${end}`);
      }

      expect((await d.finish(await d.root.stopVcluster(named("b")))).state).toBe("done");
      for (const file of [filler, `${filler}-kill`, `${filler}-down`]) rmSync(file);
      await told(d, false);
      expect((await d.finish(await d.root.startVcluster(named("b")))).state).toBe("done");
      await create(d, "c");
      await sweep(d);
    },
    2 * MINUTES,
  );
});
