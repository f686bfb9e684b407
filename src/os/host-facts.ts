import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { networkInterfaces } from "node:os";

export interface HostRoute {
  /** `10.0.0.0/8` */
  net: string;
  device: string;
}
export interface HostAddress {
  address: string;
  /** With the length of its network: `10.1.2.3/24`. */
  cidr: string;
  device: string;
}
export interface Listener {
  address: string;
  port: number;
  /** null: it could not be found out. */
  pid: number | null;
  program: string | null;
}

/** What the configuration is checked against: as the kernel has it now. */
export interface HostFacts {
  devices: string[];
  routes: HostRoute[];
  addresses: HostAddress[];
  listeners: Listener[];
  /** Mounted block devices and where. */
  mounts: { source: string; target: string }[];
  swaps: string[];
}

export function readHostFacts(): HostFacts {
  return {
    devices: networkDevices(),
    routes: parseRoutes(read("/proc/net/route")),
    addresses: hostAddresses(),
    listeners: listeners(),
    mounts: parseMounts(read("/proc/self/mounts")),
    swaps: read("/proc/swaps")
      .split("\n")
      .slice(1)
      .flatMap((l) => l.split(/\s+/)[0] || []),
  };
}

/** A file of /proc that this kernel does not have (no IPv6, for example) is an empty one. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (e) {
    if ((e as { code?: string }).code === "ENOENT") return "";
    throw e;
  }
}

function networkDevices(): string[] {
  return read("/proc/net/dev")
    .split("\n")
    .slice(2)
    .flatMap((line) => line.split(":")[0]?.trim() || []);
}

function hostAddresses(): HostAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([device, list]) =>
    (list ?? []).flatMap((a) => (a.family === "IPv4" && a.cidr ? [{ address: a.address, cidr: a.cidr, device }] : [])),
  );
}

/** /proc/net/route has addresses as the machine stores them: little-endian hex. */
export function parseRoutes(text: string): HostRoute[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [device, destination, , , , , , mask] = line.split("\t");
      if (!device || !destination || !mask) return [];
      const bits = Number.parseInt(mask, 16).toString(2).replaceAll("0", "").length;
      return [{ net: `${hexAddress(destination)}/${bits}`, device }];
    });
}

function hexAddress(hex: string): string {
  return [6, 4, 2, 0].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)).join(".");
}

/** Listening TCP sockets in /proc/net/tcp or tcp6, with their inodes. */
export function parseListeners(text: string): { address: string; port: number; inode: string }[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const f = line.trim().split(/\s+/);
      if (f[3] !== "0A" || !f[1] || !f[9]) return [];
      const [hex, port] = f[1].split(":");
      return [{ address: listenAddress(hex!), port: Number.parseInt(port!, 16), inode: f[9] }];
    });
}

function listenAddress(hex: string): string {
  if (hex.length === 8) return hexAddress(hex);
  if (/^0+$/.test(hex)) return "::";
  if (hex === "00000000000000000000000001000000") return "::1";
  // An IPv4 address inside an IPv6 socket.
  if (hex.startsWith("0000000000000000FFFF0000")) return hexAddress(hex.slice(24));
  return `[${hex}]`;
}

function listeners(): Listener[] {
  const open = [...parseListeners(read("/proc/net/tcp")), ...parseListeners(read("/proc/net/tcp6"))];
  const owners = socketOwners(new Set(open.map((l) => l.inode)));
  return open.map(({ address, port, inode }) => {
    const pid = owners.get(inode) ?? null;
    return { address, port, pid, program: pid === null ? null : read(`/proc/${pid}/comm`).trim() || null };
  });
}

function socketOwners(inodes: Set<string>): Map<string, number> {
  const owners = new Map<string, number>();
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    let fds: string[];
    try {
      fds = readdirSync(`/proc/${pid}/fd`);
    } catch {
      // It ended, or it is somebody else's and we are not root: then the port is known, its holder is not.
      continue;
    }
    for (const fd of fds) {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
        if (inode !== undefined && inodes.has(inode) && !owners.has(inode)) owners.set(inode, Number(pid));
      } catch {
        // Closed since it was listed.
      }
    }
  }
  return owners;
}

/** Sources that are devices; the kernel writes blanks in paths as \040. */
export function parseMounts(text: string): { source: string; target: string }[] {
  const decode = (s: string) => s.replace(/\\(\d{3})/g, (_, o: string) => String.fromCharCode(Number.parseInt(o, 8)));
  return text.split("\n").flatMap((line) => {
    const [source, target] = line.split(" ");
    return source?.startsWith("/dev/") && target ? [{ source: decode(source), target: decode(target) }] : [];
  });
}
