import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { deleteSubvolume } from "../src/os/btrfs.ts";
import { command } from "./command.ts";
import { atEnd } from "./ending.ts";

/** Where a pool with built images is kept from one run to the next: building `base` takes minutes. */
export const CACHE = process.env.DOCKLET_BENCH_CACHE || "/var/cache/docklet-bench";
const SIZE = "60G";
const RECIPES = ["mini", "base"].map((n) => resolve(import.meta.dir, `../static/recipes/${n}.json`));

/**
 * The kept pool as a block device, for STORAGE=disk. Only its layers are kept: what nodes an interrupted run left
 * is deleted first. The label is one that docklet takes for its own.
 */
export async function openCachedPool(): Promise<{ device: string; close: () => Promise<void> }> {
  mkdirSync(CACHE, { recursive: true, mode: 0o700 });
  const file = join(CACHE, poolName());
  if (!existsSync(file)) {
    for (const old of readdirSync(CACHE).filter((n) => n.startsWith("pool-"))) rmSync(join(CACHE, old));
    await command(["truncate", "-s", SIZE, file]);
    await command(["mkfs.btrfs", "-q", "-m", "single", "-d", "single", "-L", "docklet-bench", file]);
  }
  const used = (await command(["losetup", "-n", "-O", "NAME", "-j", file])).trim();
  // Mounted twice through two devices it would be lost.
  if (used !== "")
    throw new Error(`${file} is in use by ${used}: another bench runs, or one was killed (losetup -d ${used})`);
  const device = (await command(["losetup", "--find", "--show", file])).trim();
  const close = atEnd(async () => {
    await command(["losetup", "-d", device]);
  });
  await sweep(device);
  return { device, close };
}

/** Other recipes make other images: the name says which these are. */
function poolName(): string {
  const hash = createHash("sha256");
  for (const r of RECIPES) hash.update(readFileSync(r));
  return `pool-${hash.digest("hex").slice(0, 12)}.img`;
}

async function sweep(device: string): Promise<void> {
  const at = mkdtempSync(join(tmpdir(), "docklet-bench-"));
  await command(["mount", "-t", "btrfs", "-o", "nosuid,nodev", device, at]);
  try {
    for (const folder of ["nodes", "homes"].map((f) => join(at, f)).filter(existsSync))
      for (const name of readdirSync(folder)) await deleteSubvolume(join(folder, name));
  } finally {
    await command(["umount", at]);
    rmdirSync(at);
  }
}
