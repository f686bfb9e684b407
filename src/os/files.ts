import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { crashPoint } from "./crash-point.ts";

/** Writes a whole file or nothing: temp file beside it, fsync, rename. */
export function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true });
  const temp = `${path}.tmp${process.pid}`;
  const fd = openSync(temp, "w", mode);
  try {
    typeof content === "string" ? writeSync(fd, content) : writeSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temp, path);
  crashPoint("file");
}
