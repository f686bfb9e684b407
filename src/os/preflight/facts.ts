import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../exec.ts";
import { commandLine, diskSpace, listeningPorts, memory } from "../procfs.ts";
import { type MasterPlace, probeMaster, TUNNEL_PORT, udpPortFree } from "./between-hosts.ts";
import { type CgroupFacts, cgroupFacts } from "./cgroups.ts";
import { probeIdmap } from "./idmap.ts";
import { type Probes, probe } from "./probes.ts";
import { sysctlNames } from "./sysctls.ts";
import { TOOLS } from "./tools.ts";

/** Everything that the checks look at, read once. The checks themselves are pure: tests hand them any machine. */
export interface Facts {
  uid: number;
  arch: string;
  release: string;
  distro: string;
  systemd: boolean;
  /** Name of the container that this host itself is, or null. */
  container: string | null;
  apparmor: boolean;
  filesystems: string[];
  userNamespaces: { present: boolean; max: number | null };
  cgroups: CgroupFacts;
  loopControl: boolean;
  sysctls: Record<string, number | null>;
  tools: Record<string, string | null>;
  lxcVersion: string | null;
  lxcfs: boolean;
  lxcBridge: boolean;
  probes: Probes;
  /** null: works; undefined: could not be tried (no root). */
  idmap: string | null | undefined;
  memoryMiB: number;
  diskFreeMiB: number;
  installed: boolean;
  now: number;
  /** Time of the last change to the package database: the clock can't be before it. */
  packagesChangedAt: number;
  listening: number[];
  /** Nothing holds the UDP port of tunnels between hosts. */
  tunnelPortFree: boolean;
  running: boolean;
  /** null: it answers; undefined: none was to be asked. */
  master?: string | null | undefined;
}

export interface PreflightInput {
  prefix: string;
  /** Settings and their ports that must be free, unless docklet itself runs. */
  ports: { key: string; port: number }[];
  /** The master on another host that this one works for; what it says to a connection is looked at. */
  master?: MasterPlace;
}

const text = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};
const mtime = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Reads the host. Nothing is changed, except in network namespaces of its own that end with the probe. */
export async function collectFacts(input: PreflightInput): Promise<Facts> {
  const tools: Record<string, string | null> = {};
  for (const tool of TOOLS) tools[tool.command] = Bun.which(tool.command, { PATH: SEARCH });
  const mounts = text("/proc/mounts");
  return {
    uid: process.getuid?.() ?? -1,
    arch: process.arch,
    release: text("/proc/sys/kernel/osrelease").trim(),
    distro: /^PRETTY_NAME="?([^"\n]*)/m.exec(text("/etc/os-release"))?.[1] ?? "unknown",
    systemd: mtime("/run/systemd/system") > 0,
    container: containerName(mounts),
    apparmor: text("/sys/module/apparmor/parameters/enabled").startsWith("Y"),
    filesystems: await filesystems(),
    userNamespaces: {
      present: mtime("/proc/self/ns/user") > 0,
      max: number(text("/proc/sys/user/max_user_namespaces")),
    },
    cgroups: cgroupFacts(
      mounts,
      text("/proc/cgroups"),
      text("/sys/fs/cgroup/cgroup.controllers"),
      text("/proc/1/cgroup"),
    ),
    loopControl: mtime("/dev/loop-control") > 0,
    sysctls: Object.fromEntries(sysctlNames().map((k) => [k, number(text(`/proc/sys/${k.replaceAll(".", "/")}`))])),
    tools,
    lxcVersion: tools["lxc-start"] ? (await run([tools["lxc-start"], "--version"])).stdout.trim() : null,
    lxcfs: mounts.includes(" /var/lib/lxcfs fuse.lxcfs "),
    lxcBridge: mtime("/sys/class/net/lxcbr0") > 0,
    probes: await probe(tools),
    idmap: process.getuid?.() === 0 && tools.unshare ? await probeIdmap(input.prefix) : undefined,
    memoryMiB: memory().total,
    diskFreeMiB: freeMiB(input.prefix),
    installed: mtime(join(input.prefix, "local")) > 0,
    now: Date.now(),
    packagesChangedAt: mtime("/var/lib/dpkg/status"),
    listening: [...listeningPorts(process.pid)],
    tunnelPortFree: await udpPortFree(TUNNEL_PORT),
    master: input.master ? await probeMaster(input.master) : undefined,
    running: isDocklet(number(text(join(input.prefix, "local/run/docklet.pid")))),
  };
}

const SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const number = (s: string): number | null => (/^\d+\s*$/.test(s) ? Number(s) : null);

function isDocklet(pid: number | null): boolean {
  return pid !== null && /\bserve\b/.test(commandLine(pid) ?? "");
}

/** File systems that the kernel has, or has as a module that can be loaded. */
async function filesystems(): Promise<string[]> {
  const known = text("/proc/filesystems")
    .split("\n")
    .map((l) => l.split("\t").at(-1)!)
    .filter(Boolean);
  for (const fs of ["overlay", "btrfs", "fuse"]) {
    if (known.includes(fs)) continue;
    const modprobe = Bun.which("modprobe", { PATH: SEARCH });
    if (modprobe && (await run([modprobe, "-n", "-q", fs], { ok: [0, 1] })).code === 0) known.push(fs);
  }
  return known;
}

function containerName(mounts: string): string | null {
  const declared = text("/run/systemd/container").trim();
  if (declared) return declared;
  const inherited = text("/proc/1/environ")
    .split("\0")
    .find((v) => v.startsWith("container="));
  if (inherited) return inherited.slice("container=".length);
  // A virtual machine made from such an image keeps the file, but not the overlay below /.
  return mtime("/.dockerenv") > 0 && / \/ overlay /.test(mounts) ? "docker" : null;
}

function freeMiB(path: string): number {
  for (let p = path; ; p = dirname(p)) {
    try {
      return diskSpace(p).free;
    } catch (e) {
      if (p === "/") throw e;
    }
  }
}
