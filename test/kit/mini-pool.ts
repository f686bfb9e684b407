import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { builtinRecipes } from "../../src/worker/images/recipes.ts";
import { aptSources } from "../install/sources.ts";
import { command } from "./command.ts";
import { copySparse } from "./docklet.ts";
import { LabWorker } from "./lab-worker.ts";

/** Survives between runs, as the pool with all images does. */
const CACHE = "/var/cache/docklet-test";
const RECIPE = resolve(import.meta.dir, "../../static/recipes/mini.json");
export const POOL_MIB = 4096;

/** Puts a pool with the image `mini` into the folder of a lab host. */
export async function layMiniPool(prefix: string): Promise<void> {
  await layPool(await miniPool(), prefix);
}

/** Puts a copy of a pool file into the folder of a lab host, as a file system of its own. */
export async function layPool(pool: string, prefix: string): Promise<void> {
  const file = join(prefix, "local/pool.img");
  mkdirSync(join(prefix, "local"), { recursive: true, mode: 0o711 });
  await copySparse(pool, file);
  // Two mounted file systems with one id would be one to the kernel.
  await command(["btrfstune", "-f", "-m", file]);
}

async function miniPool(): Promise<string> {
  const hash = createHash("sha256").update(readFileSync(RECIPE)).update(aptSources()).digest("hex").slice(0, 12);
  const path = join(CACHE, `mini-${hash}.img`);
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  const prefix = mkdtempSync(join(tmpdir(), "docklet-mini-"));
  chmodSync(prefix, 0o711);
  const facts = { name: "mini", prefix, tag: "zm", clusterNet: "10.252.0.0/24", poolMiB: POOL_MIB, device: null };
  const worker = new LabWorker(facts, (...argv) => argv);
  try {
    await worker.up();
    await built(worker);
    await worker.cleanup();
    for (const old of readdirSync(CACHE).filter((n) => n.startsWith("mini-"))) rmSync(join(CACHE, old));
    await copySparse(join(prefix, "local/pool.img"), `${path}.new`);
    renameSync(`${path}.new`, path);
  } finally {
    await worker.cleanup();
    rmSync(prefix, { recursive: true, force: true });
  }
  return path;
}

async function built(worker: LabWorker): Promise<void> {
  const recipe = builtinRecipes().get("mini");
  if (!recipe) throw new Error("there is no recipe for mini");
  const done = new Promise<void>((resolve, reject) => {
    worker.subscribe((r) => {
      if (r.type !== "build" || !r.done) return;
      if (r.error) reject(new Error(`mini was not built: ${r.error.message}`));
      else resolve();
    });
  });
  await worker.buildImage({ operation: "opmini", recipe });
  await done;
}
