import { Database } from "bun:sqlite";
import { WIRE_VERSION } from "../contracts/worker.ts";
import { listAssets, readAsset } from "../os/assets.ts";
import type { VersionInfo } from "../roles/version.ts";

/** Put in by the build; run from source there is neither. */
declare const DOCKLET_VERSION: string | undefined;
declare const DOCKLET_COMMIT: string | undefined;

/** Facts about this executable. */
export function versionInfo(): VersionInfo {
  return {
    version: typeof DOCKLET_VERSION === "string" ? DOCKLET_VERSION : sourceVersion(),
    commit: typeof DOCKLET_COMMIT === "string" ? DOCKLET_COMMIT : "source",
    bun: Bun.version,
    sqlite: sqliteVersion(),
    schema: Object.fromEntries(listAssets("migrations").map((db) => [db, newestMigration(db)])),
    wire: WIRE_VERSION,
  };
}

function sourceVersion(): string {
  return (JSON.parse(readAsset("package.json")) as { version: string }).version;
}

function sqliteVersion(): string {
  const db = new Database(":memory:");
  try {
    return (db.query("SELECT sqlite_version() AS version").get() as { version: string }).version;
  } finally {
    db.close();
  }
}

/** The highest number among the migrations of a database; 0 when it has none. */
function newestMigration(db: string): number {
  const numbers = listAssets(`migrations/${db}`).map((file) => Number(/^(\d{4})_/.exec(file)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}
