import type { Facts } from "./facts.ts";
import { bad, type Finding, ok } from "./finding.ts";

const DAY = 86_400_000;

export function checkResources(f: Facts): Finding[] {
  return [checkMemory(f.memoryMiB), checkDisk(f.diskFreeMiB, f.installed), checkClock(f.now, f.packagesChangedAt)];
}

function checkMemory(mib: number): Finding {
  const found = `${mib} MiB`;
  if (mib >= 1900) return ok("memory", found, "2 GiB or more");
  return bad(mib < 900 ? "fail" : "warn", "memory", found, "2 GiB or more (1 GiB at the least)", "Add memory.");
}

/** A new installation needs room for the base image; a running one only room for its databases and logs. */
function checkDisk(free: number, installed: boolean): Finding {
  const found = `${free} MiB free`;
  const floor = installed ? 256 : 3072;
  if (free < floor) {
    const remedy = "Free some space, or set FS_PREFIX to a larger file system.";
    return bad("fail", "disk", found, `${floor} MiB free at the least under FS_PREFIX`, remedy);
  }
  if (free >= 10_240) return ok("disk", found, "10 GiB or more");
  return bad("warn", "disk", found, "10 GiB or more", "Nodes and images share what is left: plan for more.");
}

function checkClock(now: number, packagesChangedAt: number): Finding {
  const found = new Date(now).toISOString();
  if (now >= packagesChangedAt - DAY) return ok("clock", found);
  return bad(
    "fail",
    "clock",
    found,
    "not before the last package installation",
    "Set the clock, or start an NTP client.",
  );
}
