import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * Files that travel inside the executable. The one place that knows where they are: in the binary every
 * module's import.meta.dir is /$bunfs/root, so nothing else may look things up relative to itself.
 */
const compiled = import.meta.dir.startsWith("/$bunfs");
const ROOT = compiled ? "/$bunfs/root" : resolve(import.meta.dir, "../..");

export const isCompiled = compiled;

export function assetPath(name: string): string {
  return join(ROOT, name);
}

export function readAsset(name: string): string {
  return readFileSync(assetPath(name), "utf8");
}

/** File names in an asset folder, sorted: the order inside a binary is arbitrary. */
export function listAssets(folder: string): string[] {
  return readdirSync(assetPath(folder)).sort();
}
