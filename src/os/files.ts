import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { crashPoint } from "./crash-point.ts";

/** Writes a whole file or nothing: temp file beside it, fsync, rename. */
export function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true });
  const temp = `${path}.tmp${process.pid}`;
  try {
    const fd = openSync(temp, "w", mode);
    try {
      // Not writeSync: that may write less than all, and says so only in what it returns.
      writeFileSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temp, path);
  } catch (e) {
    rmSync(temp, { force: true });
    throw e;
  }
  crashPoint("file");
}
