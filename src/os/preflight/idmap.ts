import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf } from "../../lib/errors.ts";
import { idmappedOverlay, unmount } from "../mounts.ts";
import { mapNamespace } from "../userns.ts";
import { bad, type Finding, ok } from "./finding.ts";

const BASE = 1_000_000;

/** null: an idmapped overlay below `prefix` really showed a file with the mapped owner. Otherwise what went wrong. */
export async function probeIdmap(prefix: string): Promise<string | null> {
  let parent = prefix;
  while (!existsSync(parent)) parent = dirname(parent);
  const dir = mkdtempSync(join(parent, ".docklet-probe-"));
  const at = (name: string) => join(dir, name);
  try {
    for (const d of ["lower", "node", "node/upper", "node/work", "merged"]) mkdirSync(at(d));
    writeFileSync(at("lower/file"), "");
    const ns = await mapNamespace(BASE);
    try {
      idmappedOverlay({ lowers: [at("lower")], node: at("node") }, at("merged"), ns.fd);
      const { uid } = statSync(at("merged/file"));
      return uid === BASE ? null : `a file of root came out as uid ${uid}, not ${BASE}`;
    } finally {
      ns.close();
      unmount(at("merged"));
    }
  } catch (e) {
    return messageOf(e);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Only a warning: the pool is btrfs, whatever file system was tried here. */
export function checkIdmap(said: string | null | undefined): Finding[] {
  if (said === undefined) return [];
  if (said === null) return [ok("idmapped overlay", "works")];
  const remedy =
    "The file system of FS_PREFIX may be the reason; the pool itself is btrfs. Kernel 5.19 or newer is needed.";
  return [bad("warn", "idmapped overlay", said, "a layer shown in a node's uid range", remedy)];
}
