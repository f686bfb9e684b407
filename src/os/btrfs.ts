import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { crashPoint } from "./crash-point.ts";
import { output, run } from "./exec.ts";

/** btrfs subvolumes and their quota. Paths are ours: never a name that a person chose without our checks. */

export async function createSubvolume(path: string): Promise<void> {
  await run(["btrfs", "subvolume", "create", path]);
}

export async function snapshot(source: string, target: string, options: { readonly: boolean }): Promise<void> {
  await run(["btrfs", "subvolume", "snapshot", ...(options.readonly ? ["-r"] : []), source, target], {
    timeoutMs: 300_000,
  });
}

/** Deletes if it is there. Space comes back later, by the kernel's cleaner. */
export async function deleteSubvolume(path: string): Promise<void> {
  if (!existsSync(path)) return;
  await run(["btrfs", "subvolume", "delete", path], { timeoutMs: 120_000 });
}

/** To another place of the same pool, at once. Only what can be written to can be moved. */
export function moveSubvolume(from: string, to: string): void {
  renameSync(from, to);
  crashPoint("move subvolume");
}

export async function setReadonly(path: string, readonly: boolean): Promise<void> {
  await run(["btrfs", "property", "set", "-ts", path, "ro", readonly ? "true" : "false"]);
}

/** Limits what a subvolume may hold, in bytes; "none" takes the limit away. */
export async function limitSubvolume(path: string, bytes: number | "none"): Promise<void> {
  await run(["btrfs", "qgroup", "limit", String(bytes), path]);
}

/** Is less than a MiB left of what it may hold? */
export async function isSubvolumeFull(path: string): Promise<boolean> {
  // -f: only the group of this very subvolume. Columns: id, referenced, exclusive, limit of the first, ...
  const { stdout } = await run(["btrfs", "qgroup", "show", "--raw", "-r", "-f", path]);
  const row = /^0\/\d+\s+(\d+)\s+\d+\s+(\d+)/m.exec(stdout);
  return row !== null && Number(row[2]) - Number(row[1]) < 1_048_576;
}

export async function enableQuota(pool: string): Promise<void> {
  await run(["btrfs", "quota", "enable", pool]);
}

/** Height that no tree of btrfs exceeds (BTRFS_MAX_LEVEL). */
const MAX_LEVEL = "8";

/**
 * Quotas of a mounted pool, kept in force. From Linux 6.1 on, deleting a subvolume with a tree of three levels or more
 * (Documentation/ABI, `drop_subtree_threshold`) saves time by giving up all accounting: from then on no limit of the
 * file system holds until everything is counted anew. Whoever deletes a big node would lift everybody's quota.
 */
export async function keepQuotas(pool: string): Promise<{ recounting: boolean }> {
  const uuid = (await output(["findmnt", "-n", "-o", "UUID", "--mountpoint", pool])).trim();
  const groups = `/sys/fs/btrfs/${uuid}/qgroups`;
  const threshold = `${groups}/drop_subtree_threshold`;
  // Kernels before 6.1 know no such saving.
  if (existsSync(threshold) && readFileSync(threshold, "utf8").trim() !== MAX_LEVEL)
    writeFileSync(threshold, MAX_LEVEL);
  const recounting = existsSync(`${groups}/inconsistent`) && readFileSync(`${groups}/inconsistent`, "utf8")[0] === "1";
  // 1: it is being counted already.
  if (recounting) await run(["btrfs", "quota", "rescan", pool], { ok: [0, 1] });
  return { recounting };
}

/** Where on its device btrfs keeps its own records: everything but the contents of files. */
export async function systemRanges(device: string): Promise<{ offset: number; bytes: number }[]> {
  const { stdout } = await run(["btrfs", "inspect-internal", "dump-tree", "-t", "chunk", device]);
  const out: { offset: number; bytes: number }[] = [];
  let bytes: number | null = null;
  for (const line of stdout.split("\n")) {
    const chunk = /^\s*length (\d+) .* type (\S+)/.exec(line);
    if (chunk) bytes = /METADATA|SYSTEM/.test(chunk[2]!) ? Number(chunk[1]) : null;
    const stripe = /^\s*stripe \d+ devid \d+ offset (\d+)/.exec(line);
    if (stripe && bytes !== null) out.push({ offset: Number(stripe[1]), bytes });
  }
  return out;
}

/** Tells the device which blocks are free. */
export async function trim(pool: string): Promise<void> {
  await run(["fstrim", pool], { timeoutMs: 300_000 });
}

/** Bytes in use per subvolume path (relative to the pool), in one command for all. */
export async function usage(pool: string): Promise<Map<string, number>> {
  const [groups, list] = await Promise.all([
    run(["btrfs", "qgroup", "show", "--raw", pool], { ok: [0, 1] }),
    run(["btrfs", "subvolume", "list", pool]),
  ]);
  const byId = new Map<string, number>();
  for (const line of groups.stdout.split("\n")) {
    const m = /^0\/(\d+)\s+(\d+)\s+(\d+)/.exec(line);
    if (m) byId.set(m[1]!, Number(m[2]));
  }
  const out = new Map<string, number>();
  for (const line of list.stdout.split("\n")) {
    const m = /^ID (\d+) .* path (.+)$/.exec(line);
    if (m) out.set(m[2]!, byId.get(m[1]!) ?? 0);
  }
  return out;
}
