import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { crashPoint } from "../crash-point.ts";

/** What v1 and v2 share: cgroups are folders, and leave only when empty, deepest first. */

export function childFolders(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map((e) => e.name);
  } catch {
    return [];
  }
}

export function removeTree(path: string): void {
  if (!existsSync(path)) return;
  for (const child of childFolders(path)) removeTree(join(path, child));
  rmdirSync(path);
  crashPoint("cgroup remove");
}

export function processesIn(path: string, file: string): number[] {
  let own: number[] = [];
  try {
    own = readFileSync(join(path, file), "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    // Gone meanwhile: nothing is in it.
  }
  return [...own, ...childFolders(path).flatMap((c) => processesIn(join(path, c), file))];
}

export const readNumber = (path: string) => Number(readFileSync(path, "utf8"));

export function statField(path: string, field: string): number {
  return Number(new RegExp(`^${field} (\\d+)`, "m").exec(readFileSync(path, "utf8"))?.[1] ?? 0);
}

/** LXC's own process lives beside the node's group, not in it: a node that runs out of memory must not kill it. */
export function monitorPath(path: string): string {
  const cut = path.lastIndexOf("/");
  return `${path.slice(0, cut)}-mon/${path.slice(cut + 1)}`;
}
