import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What v1 and v2 share: cgroups are folders, and leave only when empty, deepest first. Below a node's group its own
 * root makes groups as it likes, also nested deeper than a path can be long: they are walked by open folders.
 */

export function childFolders(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map((e) => e.name);
  } catch {
    return [];
  }
}

const here = (fd: number) => `/proc/self/fd/${fd}`;

function openFolder(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch {
    // It left meanwhile.
    return null;
  }
}

/**
 * `visit` is called for `root` and then for all below it, a folder before what is in it; `leave` for every folder
 * but `root`, after all in it. The paths hold only during the call.
 */
function walk(root: string, visit: (path: string) => void, leave: (path: string) => void = () => {}): void {
  let fd = openFolder(root);
  if (fd === null) return;
  const names: string[] = [];
  visit(here(fd));
  const waiting = [childFolders(here(fd))];
  try {
    for (;;) {
      const next = waiting.at(-1)!.pop();
      const name: string | undefined = next ?? names.at(-1);
      if (name === undefined) return;
      const step = openFolder(`${here(fd)}/${next ?? ".."}`);
      if (step === null) {
        if (next === undefined) return;
        continue;
      }
      closeSync(fd);
      fd = step;
      if (next === undefined) {
        names.pop();
        waiting.pop();
        leave(`${here(fd)}/${name}`);
      } else {
        names.push(next);
        visit(here(fd));
        waiting.push(childFolders(here(fd)));
      }
    }
  } finally {
    closeSync(fd);
  }
}

export function removeTree(path: string): void {
  if (!existsSync(path)) return;
  walk(path, () => {}, rmdirSync);
  rmdirSync(path);
}

export function processesIn(path: string, file: string): number[] {
  const found: number[] = [];
  walk(path, (dir) => {
    try {
      found.push(...readFileSync(join(dir, file), "utf8").split("\n").filter(Boolean).map(Number));
    } catch {
      // Gone meanwhile: nothing is in it.
    }
  });
  return found;
}

/** Writes `value` to `file` of `path` and of every folder below it that is there. */
export function writeThroughout(path: string, file: string, value: string): void {
  walk(path, (dir) => {
    try {
      writeFileSync(join(dir, file), value);
    } catch {
      // Gone meanwhile.
    }
  });
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
