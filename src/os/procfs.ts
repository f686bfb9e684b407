import { readFileSync, statfsSync } from "node:fs";

const text = (path: string) => readFileSync(path, "utf8");

/** Does a process with this pid live, and does `mark` occur in its cgroup file? Guards against a reused pid. */
export function isAlive(pid: number, mark: string): boolean {
  try {
    return text(`/proc/${pid}/cgroup`).includes(mark) && !/^State:\s+Z/m.test(text(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

/** Ports on which something listens (IPv4 or v6 TCP) in the network namespace of `pid`. */
export function listeningPorts(pid: number): Set<number> {
  const ports = new Set<number>();
  for (const file of ["tcp", "tcp6"]) {
    let content: string;
    try {
      content = text(`/proc/${pid}/net/${file}`);
    } catch {
      continue;
    }
    for (const line of content.split("\n").slice(1)) {
      const [, local, , state] = line.trim().split(/\s+/);
      if (state === "0A" && local) ports.add(Number.parseInt(local.split(":")[1]!, 16));
    }
  }
  return ports;
}

export interface Memory {
  /** MiB */
  total: number;
  available: number;
}

export function memory(): Memory {
  const info = text("/proc/meminfo");
  const mib = (key: string) => Math.floor(Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(info)?.[1] ?? 0) / 1024);
  return { total: mib("MemTotal"), available: mib("MemAvailable") };
}

/** Jiffies since boot: [busy, all]. The share of busy between two calls is the load. */
export function cpuTimes(): [number, number] {
  const n = text("/proc/stat").split("\n")[0]!.split(/\s+/).slice(1).map(Number);
  const all = n.slice(0, 8).reduce((a, b) => a + b, 0);
  return [all - n[3]! - n[4]!, all];
}

export function cpuCount(): number {
  return text("/proc/stat").match(/^cpu\d+ /gm)?.length ?? 1;
}

/** Space of the file system that holds `path`, in MiB. */
export function diskSpace(path: string): { total: number; free: number } {
  const s = statfsSync(path);
  const mib = (blocks: number) => Math.floor((blocks * s.bsize) / 1_048_576);
  return { total: mib(s.blocks), free: mib(s.bavail) };
}

export function kernelVersion(): string {
  return text("/proc/sys/kernel/osrelease").trim();
}

/** Milliseconds since 1970 at which this kernel booted. */
export function bootTime(): number {
  return Number(/^btime (\d+)/m.exec(text("/proc/stat"))?.[1] ?? 0) * 1000;
}

/** Differs after every boot of the host. */
export function bootId(): string {
  return text("/proc/sys/kernel/random/boot_id").trim();
}

/** Bytes that an interface of the host has received and sent. */
export function linkBytes(ifname: string): [received: number, sent: number] {
  const count = (what: string) => Number(text(`/sys/class/net/${ifname}/statistics/${what}_bytes`));
  return [count("rx"), count("tx")];
}

/** The command line of a process, or null when there is none with this pid. */
export function commandLine(pid: number): string | null {
  try {
    return text(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
  } catch {
    return null;
  }
}
