import type { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import { DockletError } from "../lib/errors.ts";
import { copyDatabase } from "./copy.ts";

export interface Migration {
  version: number;
  name: string;
  sql: string;
}

/** `NNNN_name.sql` files → migrations in order. The reader is handed in: files may be inside the executable. */
export function loadMigrations(files: string[], read: (file: string) => string): Migration[] {
  return files
    .filter((f) => f.endsWith(".sql"))
    .sort()
    .map((file) => {
      const m = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
      if (!m) throw new Error(`migration with a strange name: ${file}`);
      return { version: Number(m[1]), name: m[2]!, sql: read(file) };
    });
}

const checksum = (m: Migration) => createHash("sha256").update(m.sql).digest("hex");

/**
 * Applies what is missing, each in a transaction of its own, after copying the file to `<path>.before-<version>`.
 * Refuses a database that a newer docklet wrote, and one whose applied migrations differ from ours.
 */
export function migrate(db: Database, path: string, migrations: Migration[]): void {
  db.run(
    "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
  );
  const applied = db.query("SELECT version, name, checksum FROM schema_migrations ORDER BY version").all() as {
    version: number;
    name: string;
    checksum: string;
  }[];
  const newest = migrations.at(-1)?.version ?? 0;
  for (const row of applied) {
    const ours = migrations.find((m) => m.version === row.version);
    if (row.version > newest) {
      throw new DockletError(
        "unsupported",
        `${path} was written by a newer docklet (schema ${row.version}, this one knows ${newest}).`,
        `Run the newer docklet, or put back the copy ${path}.before-${row.version}.`,
      );
    }
    if (!ours || checksum(ours) !== row.checksum) {
      throw new DockletError(
        "unsupported",
        `${path}: migration ${row.version} (${row.name}) is not the one that this docklet carries.`,
        "The executable or the database was changed by hand; restore either.",
      );
    }
  }
  const missing = migrations.filter((m) => !applied.some((a) => a.version === m.version));
  if (missing.length === 0) return;
  // Made anew when it is there: an earlier one is from an upgrade that did not last, and older than the database.
  if (applied.length > 0 && path !== ":memory:") copyDatabase(db, `${path}.before-${missing[0]!.version}`);
  for (const m of missing) {
    db.transaction(() => {
      db.run(m.sql);
      db.run("INSERT INTO schema_migrations VALUES (?, ?, ?, ?)", [m.version, m.name, checksum(m), Date.now()]);
    }).immediate();
  }
}
