import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { DockletError, messageOf } from "../../lib/errors.ts";
import { writeFileAtomic } from "../files.ts";
import { bad, type Finding, ok } from "./finding.ts";

/** Kernel settings: at least this. `must` ones stop docklet from working, the others only bound how many nodes fit. */
const WANTED: { key: string; value: number; must?: true; why: string }[] = [
  { key: "net.ipv4.ip_forward", value: 1, must: true, why: "nodes reach the world through this host" },
  { key: "user.max_user_namespaces", value: 4096, must: true, why: "every node has a user namespace" },
  { key: "kernel.pid_max", value: 4_194_304, why: "process ids for all nodes" },
  { key: "kernel.keys.maxkeys", value: 2000, why: "kernel keys of a node's root" },
  { key: "kernel.keys.maxbytes", value: 2_000_000, why: "kernel keys of a node's root" },
  { key: "fs.inotify.max_user_instances", value: 1_048_576, why: "systemd in every node watches files" },
  { key: "fs.inotify.max_user_watches", value: 1_048_576, why: "systemd in every node watches files" },
  { key: "net.ipv4.neigh.default.gc_thresh3", value: 8192, why: "neighbours on all bridges together" },
  { key: "net.ipv6.neigh.default.gc_thresh3", value: 8192, why: "neighbours on all bridges together" },
  { key: "vm.max_map_count", value: 262_144, why: "databases and JVMs in nodes" },
  { key: "kernel.dmesg_restrict", value: 1, why: "the kernel's log is not for nodes" },
];

export const SYSCTL_FILE = "/etc/sysctl.d/60-docklet.conf";

export const sysctlNames = (): string[] => WANTED.map((w) => w.key);

/** A key that this kernel does not have (null) is not asked for. */
export function checkSysctls(values: Record<string, number | null>): Finding[] {
  return WANTED.flatMap(({ key, value, must, why }) => {
    const found = values[key] ?? null;
    if (found === null) return [];
    if (found >= value) return [ok(key, String(found), `≥ ${value}`)];
    return [
      bad(must ? "fail" : "warn", key, String(found), `≥ ${value}: ${why}`, "Run `docklet doctor --fix`.", {
        kind: "sysctl",
        key,
        value,
      }),
    ];
  });
}

/** The file with `changes` added or replaced, other lines of it kept. Same text when nothing changes. */
export function withSysctls(before: string, changes: { key: string; value: number }[]): string {
  const lines = before ? before.trimEnd().split("\n") : ["# Written by `docklet doctor --fix`."];
  for (const { key, value } of changes) {
    const line = `${key} = ${value}`;
    const at = lines.findIndex((l) => l.split("=")[0]!.trim() === key);
    if (at < 0) lines.push(line);
    else lines[at] = line;
  }
  return `${lines.join("\n")}\n`;
}

/** Sets the values now and for every later boot. Only raises: what is high enough is not touched. */
export function applySysctls(changes: { key: string; value: number }[], file = SYSCTL_FILE, proc = "/proc/sys"): void {
  if (changes.length === 0) return;
  for (const { key, value } of changes) {
    try {
      writeFileSync(`${proc}/${key.replaceAll(".", "/")}`, `${value}\n`);
    } catch (e) {
      throw new DockletError(
        "unsupported",
        `Could not set ${key} to ${value}: ${messageOf(e)}`,
        "Run as root. Inside a container the outer host has to set it.",
      );
    }
  }
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  const after = withSysctls(before, changes);
  if (after !== before) writeFileAtomic(file, after, 0o644);
}
