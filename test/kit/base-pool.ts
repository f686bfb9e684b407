import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { aptSources } from "../install/sources.ts";
import { copySparse, TestDocklet } from "./docklet.ts";

const ROOT = resolve(import.meta.dir, "../..");
/** Survives between runs, as bare root file systems do. */
const CACHE = "/var/cache/docklet-test";
const NAME = /^pool-[0-9a-f]{12}\.img/;

/**
 * A pool file with the images `mini` and `base` on it and nothing else, for `TestDocklet.start({ pool })`. Made when
 * there is none for these recipes and this host's apt sources; one build at a time, whoever asks.
 */
export async function basePool(): Promise<string> {
  return locked(async () => {
    const path = kept();
    if (existsSync(path)) return path;
    const d = await TestDocklet.start({ images: ["mini", "base"] });
    try {
      await d.rest();
      await keep(d.poolFile, path);
    } finally {
      await d.destroy();
    }
    return path;
  });
}

/** Hands a pool that was made just now, of a docklet that rests, to those who come later: it is the newest. */
export async function offerPool(poolFile: string): Promise<void> {
  await locked(() => keep(poolFile, kept()));
}

/** The file's name says what it was made from. */
function kept(): string {
  const recipes = ["mini", "base"].map((n) => readFileSync(join(ROOT, `static/recipes/${n}.json`)));
  const hash = createHash("sha256").update(aptSources());
  for (const r of recipes) hash.update(r);
  return join(CACHE, `pool-${hash.digest("hex").slice(0, 12)}.img`);
}

async function keep(from: string, to: string): Promise<void> {
  await copySparse(from, `${to}.new`);
  for (const old of readdirSync(CACHE).filter((n) => NAME.test(n) && join(CACHE, n) !== `${to}.new`))
    rmSync(join(CACHE, old));
  renameSync(`${to}.new`, to);
}

async function locked<T>(body: () => Promise<T>): Promise<T> {
  mkdirSync(CACHE, { recursive: true });
  // The lock goes with the process that holds it, however that ends.
  const holder = Bun.spawn(["flock", join(CACHE, "pool.lock"), "sh", "-c", "echo mine; cat"], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    await holder.stdout.getReader().read();
    return await body();
  } finally {
    holder.stdin.end();
    await holder.exited;
  }
}
