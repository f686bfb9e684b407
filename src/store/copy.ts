import type { Database } from "bun:sqlite";
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";

/** A whole and consistent copy of a database at `path`, or none: readable by its owner alone, as the original is. */
export function copyDatabase(db: Database, path: string): void {
  const temp = `${path}.new`;
  // SQLite writes into a file that is there already if it is empty, and leaves its mode alone.
  writeFileSync(temp, "", { mode: 0o600 });
  db.run("VACUUM INTO ?", [temp]);
  const fd = openSync(temp, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temp, path);
}
