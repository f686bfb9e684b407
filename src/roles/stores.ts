import { rmSync } from "node:fs";
import type { Logger } from "../lib/log.ts";
import { listAssets, readAsset } from "../os/assets.ts";
import { crashPoint } from "../os/crash-point.ts";
import { loadMigrations } from "../store/migrate.ts";
import { Store } from "../store/store.ts";

const migrations = (wing: string) =>
  loadMigrations(listAssets(`migrations/${wing}`), (file) => readAsset(`migrations/${wing}/${file}`));

export function openStore(path: string, wing: "supermaster" | "master" | "worker"): Store {
  return Store.open(path, migrations(wing), () => crashPoint(`commit ${wing}`));
}

/** Charts are worth no trouble: a metrics database that does not open is thrown away and begun anew. */
export function openDisposableStore(path: string, log: Logger): Store {
  try {
    return Store.open(path, migrations("metrics"));
  } catch (err) {
    log.warn({ err, path }, "the metrics database is unusable; starting a new one");
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
    return Store.open(path, migrations("metrics"));
  }
}
