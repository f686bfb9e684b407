import { rmSync, statSync, writeFileSync } from "node:fs";
import { run } from "./exec.ts";
import { diskSpace } from "./procfs.ts";

/**
 * Gives a file disk space before it writes there, so that these writes can't meet a full disk. false: there is none,
 * or the file system knows no such thing. A process of its own does it, because closing a database's file in ours
 * would drop the locks that SQLite holds on it.
 */
export async function holdSpace(path: string, offset: number, bytes: number): Promise<boolean> {
  const range = ["-o", String(offset), "-l", String(bytes)];
  return (await run(["fallocate", "--keep-size", ...range, path], { ok: [0, 1] })).code === 0;
}

/** Space behind the end of a file, for what will be appended to it. */
export async function holdAhead(path: string, bytes: number): Promise<boolean> {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  return size !== undefined && (await holdSpace(path, size, bytes));
}

const SPARE_BYTES = 4 * 1024 * 1024;

/** A file that only takes space, to be given up when there is none. */
export async function makeSpare(path: string): Promise<boolean> {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) writeFileSync(path, "", { mode: 0o600 });
  return holdSpace(path, 0, SPARE_BYTES);
}

/** Gives the spare up if its disk is full. */
export function openSpare(path: string, folder: string): void {
  if (diskSpace(folder).free === 0) rmSync(path, { force: true });
}
