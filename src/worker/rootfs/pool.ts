import { chmodSync, closeSync, existsSync, ftruncateSync, mkdirSync, openSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DockletError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { enableQuota, keepQuotas } from "../../os/btrfs.ts";
import { output, run } from "../../os/exec.ts";
import { isMounted } from "../../os/mounts.ts";
import { diskSpace } from "../../os/procfs.ts";
import type { Layout } from "../layout.ts";

export interface PoolOptions {
  storage: "file" | "disk";
  /** Block device, for storage=disk. */
  disk: string | null;
  /** MiB of the sparse file, for storage=file. */
  sizeMiB: number;
}

const FOLDERS = ["layers", "nodes", "homes", "build"];
const MOUNT_OPTIONS = "noatime,nosuid,nodev";

/** Makes the btrfs pool if there is none, and mounts it if it is not. Safe to call again at any time. */
export async function openPool(layout: Layout, options: PoolOptions, log: Logger): Promise<void> {
  mkdirSync(layout.local, { recursive: true, mode: 0o711 });
  mkdirSync(layout.pool, { recursive: true, mode: 0o700 });
  if (!isMounted(layout.pool)) await mountPool(layout, options, log);
  const { recounting } = await keepQuotas(layout.pool);
  if (recounting) log.warn("quotas of the storage pool were out of force; its contents are being counted anew");
  // Files in the pool are uid 0 and may be setuid: nobody but root may ever reach them from the host.
  chmodSync(layout.pool, 0o700);
  for (const folder of FOLDERS) mkdirSync(join(layout.pool, folder), { recursive: true, mode: 0o700 });
}

async function mountPool(layout: Layout, options: PoolOptions, log: Logger): Promise<void> {
  const device = options.storage === "file" ? layout.poolFile : options.disk;
  if (!device)
    throw new DockletError(
      "invalid",
      "STORAGE is disk but DISK is empty.",
      "Set DISK to a block device, or STORAGE=file.",
    );
  const fresh = options.storage === "file" ? makeFile(device, options.sizeMiB) : await makeDisk(device);
  if (fresh) {
    try {
      await run(["mkfs.btrfs", "-q", "-m", "single", "-d", "single", "-L", `docklet-${layout.tag}`, device], {
        timeoutMs: 120_000,
      });
    } catch (e) {
      if (options.storage === "file") rmSync(device, { force: true });
      throw e;
    }
    log.info({ device }, "storage pool made");
  }
  const loop = options.storage === "file" ? ["-o", `loop,${MOUNT_OPTIONS},nodiscard`] : ["-o", MOUNT_OPTIONS];
  await run(["mount", "-t", "btrfs", ...loop, device, layout.pool], { timeoutMs: 120_000 });
  await enableQuota(layout.pool);
}

function makeFile(path: string, sizeMiB: number): boolean {
  if (existsSync(path) && statSync(path).size > 0) return false;
  const { free } = diskSpace(join(path, ".."));
  if (free < 1024) {
    throw new DockletError(
      "disk_full",
      `Only ${free} MiB are free for the storage pool ${path}.`,
      "Free at least 1 GiB (10 GiB to be useful), or set STORAGE=disk.",
    );
  }
  const fd = openSync(path, "w", 0o600);
  ftruncateSync(fd, sizeMiB * 1_048_576);
  closeSync(fd);
  return true;
}

/** A disk that already holds our pool is kept; one that holds anything else is refused, never formatted. */
async function makeDisk(device: string): Promise<boolean> {
  if (!statSync(device, { throwIfNoEntry: false })?.isBlockDevice())
    throw new DockletError(
      "invalid",
      `DISK=${device} is no block device of this host.`,
      "Set DISK to one that `lsblk` lists, or STORAGE=file.",
    );
  const { stdout } = await run(["blkid", "-o", "export", device], { ok: [0, 2] });
  if (stdout.trim() === "") return true;
  if (/^TYPE=btrfs$/m.test(stdout) && /^LABEL=docklet-/m.test(stdout)) return false;
  const type = /^(?:TYPE|PTTYPE)=(.*)$/m.exec(stdout)?.[1] ?? "something";
  throw new DockletError(
    "invalid",
    `DISK=${device} already holds ${type}.`,
    `docklet formats only an empty disk: run "wipefs -a ${device}" yourself if nothing on it is needed.`,
  );
}

/** Loop devices behind this installation's pool file. */
export async function poolLoops(layout: Layout): Promise<string[]> {
  const out = await output(["losetup", "-n", "-O", "NAME", "-j", layout.poolFile]);
  return out
    .split("\n")
    .map((l) => l.trim())
    .filter(Boolean);
}
