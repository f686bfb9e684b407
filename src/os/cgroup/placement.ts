import { readFileSync } from "node:fs";

const LIMITING = ["cpu", "cpuset", "memory", "pids", "devices", "freezer"];

/**
 * Controllers that have a process elsewhere than in the group `path` or below it: what `path` limits does not hold
 * for it there. LXC counts from the group of the first process, which is not always the top.
 */
export function strayControllers(pid: number, path: string): string[] {
  return strayIn(readFileSync(`/proc/${pid}/cgroup`, "utf8"), path);
}

export function strayIn(procCgroup: string, path: string): string[] {
  const rows = procCgroup
    .split("\n")
    .filter(Boolean)
    .map((line) => /^\d+:([^:]*):(.*)$/.exec(line)!);
  const inside = (group: string) => group === `/${path}` || group.startsWith(`/${path}/`);
  const limiting = rows.filter(([, names]) => names!.split(",").some((n) => LIMITING.includes(n)));
  // Without any v1 controller the one tree does it all.
  const checked = limiting.length > 0 ? limiting : rows.filter(([, names]) => names === "");
  return checked.filter(([, , group]) => !inside(group!)).map(([, names]) => names || "all");
}
