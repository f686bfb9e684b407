import { accessSync, constants, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { formatCidr, overlaps, parseCidr } from "../lib/ipv4.ts";
import type { ConfigProblem, Loaded } from "./load.ts";
import type { ConfigKey } from "./schema.ts";

export type Role = "supermaster" | "master" | "worker";

interface Listener {
  address: string;
  port: number;
  pid: number | null;
  program: string | null;
}

/** What has to be known of a host to judge a configuration; src/os/host-facts.ts finds it out. */
export interface HostFacts {
  devices: string[];
  routes: { net: string; device: string }[];
  addresses: { address: string; cidr: string; device: string }[];
  listeners: Listener[];
  mounts: { source: string; target: string }[];
  swaps: string[];
}

export interface ValidateOptions {
  /** Default: all, as `docklet serve` runs them. */
  roles?: readonly Role[];
  /** Ports held by the docklet that runs from this FS_PREFIX are no problem. */
  runningIsFine?: boolean;
}

const PORT_KEYS = ["NGINX_PORT", "PROXY_PORT", "MASTER_PORT", "WORKER_PORT", "USER_PORT"] as const;

/** What this host has against the configuration. An empty list: nothing. */
export function validateAgainstHost(loaded: Loaded, facts: HostFacts, options: ValidateOptions = {}): ConfigProblem[] {
  const roles = options.roles ?? ["supermaster", "master", "worker"];
  const report = reporter(loaded);
  return [
    ...equalPorts(loaded, report),
    ...whereMasterIs(loaded, roles, report),
    ...(roles.includes("worker") ? network(loaded, facts, report) : []),
    ...portsInUse(loaded, facts, roles, options.runningIsFine ?? false, report),
    ...device(loaded, facts, report),
    ...prefix(loaded, report),
    ...(roles.includes("worker") ? storage(loaded, facts, report) : []),
  ];
}

type Report = (key: ConfigKey, message: string, hint: string) => ConfigProblem;

function reporter(loaded: Loaded): Report {
  return (key, message, hint) => {
    const entry = loaded.entries.find((e) => e.key === key);
    const value = entry?.value ?? "";
    return { key, value, origin: entry?.origin ?? "default", message: `${key}=${value}: ${message}`, hint };
  };
}

function equalPorts({ config }: Loaded, report: Report): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [i, key] of PORT_KEYS.entries()) {
    const other = PORT_KEYS.slice(0, i).find((k) => config[k] === config[key]);
    if (other) problems.push(report(key, `${other} has the same port.`, `Give ${key} or ${other} another port.`));
  }
  const [low, high] = config.ALLOCATED_PORTS.split("-").map(Number);
  for (const key of ["NGINX_PORT", "PROXY_PORT"] as const) {
    if (config[key] >= low! && config[key] <= high!)
      problems.push(
        report(
          key,
          `the port is inside ALLOCATED_PORTS=${config.ALLOCATED_PORTS}, which port mappings may take.`,
          "Choose a port outside of it, or a smaller range.",
        ),
      );
  }
  return problems;
}

function whereMasterIs({ config }: Loaded, roles: readonly Role[], report: Report): ConfigProblem[] {
  if (!roles.includes("worker") || roles.includes("master") || config.MASTER_IP !== null) return [];
  const hint = "Set MASTER_IP (--master-ip) to the address of the host on which the master runs.";
  return [report("MASTER_IP", "a worker alone has to know where its master is.", hint)];
}

/** Bridges of vclusters live inside CLUSTER_NET: that is what it is for. */
const isOurs = (device: string) => /^dk/.test(device);

function network({ config }: Loaded, facts: HostFacts, report: Report): ConfigProblem[] {
  const net = parseCidr(config.CLUSTER_NET)!;
  const hint = "Choose a private network that nothing here uses, for example CLUSTER_NET=10.88.0.0/16.";
  const used = new Map<string, string>();
  for (const { cidr, address, device } of facts.addresses) {
    const c = parseCidr(cidr);
    if (c && !isOurs(device) && overlaps(net, c))
      used.set(`${formatCidr(c)} ${device}`, `it overlaps ${formatCidr(c)}, the network of ${device} (${address}).`);
  }
  for (const route of facts.routes) {
    const c = parseCidr(route.net);
    if (!c || c.prefix === 0 || isOurs(route.device) || !overlaps(net, c)) continue;
    const name = `${formatCidr(c)} ${route.device}`;
    if (!used.has(name)) used.set(name, `it overlaps the route to ${formatCidr(c)} through ${route.device}.`);
  }
  return [...used.values()].map((message) => report("CLUSTER_NET", message, hint));
}

/** Ports that these roles really listen on. */
function portsOf({ config }: Loaded, roles: readonly Role[]): (typeof PORT_KEYS)[number][] {
  const alone = !roles.includes("supermaster");
  return [
    ...(alone ? [] : (["NGINX_PORT", "PROXY_PORT"] as const)),
    ...(roles.includes("master") ? (["MASTER_PORT"] as const) : []),
    ...(alone && roles.includes("worker") ? (["WORKER_PORT"] as const) : []),
    ...(!alone && config.MASTER_IPS.length > 0 ? (["USER_PORT"] as const) : []),
  ];
}

function portsInUse(
  loaded: Loaded,
  facts: HostFacts,
  roles: readonly Role[],
  runningIsFine: boolean,
  report: Report,
): ConfigProblem[] {
  const running = runningIsFine ? runningPid(loaded.config.FS_PREFIX) : null;
  return portsOf(loaded, roles).flatMap((key) => {
    const holder = facts.listeners.find(
      (l) => l.port === loaded.config[key] && clash(l.address, addressOf(loaded, key)),
    );
    if (!holder || (running !== null && holder.pid === running)) return [];
    return [report(key, `the port is in use by ${describe(holder)}.`, `Stop it, or choose another ${key}.`)];
  });
}

const addressOf = ({ config }: Loaded, key: string) => (key === "WORKER_PORT" ? "127.0.0.1" : config.BIND_ADDRESS);

function clash(listening: string, wanted: string): boolean {
  const any = ["0.0.0.0", "::"];
  return any.includes(listening) || any.includes(wanted) || listening === wanted;
}

function describe(l: Listener): string {
  if (l.pid === null) return "another program (its name is visible to root only)";
  return `${l.program ?? "a program"} (pid ${l.pid})`;
}

function runningPid(fsPrefix: string): number | null {
  try {
    return Number.parseInt(readFileSync(join(fsPrefix, "local/run/docklet.pid"), "utf8"), 10) || null;
  } catch {
    // No pid file: docklet does not run here.
    return null;
  }
}

function device({ config }: Loaded, facts: HostFacts, report: Report): ConfigProblem[] {
  const name = config.NETWORK_DEVICE;
  if (name === null || facts.devices.includes(name)) return [];
  const others = facts.devices.filter((d) => d !== "lo" && !isOurs(d));
  const hint = `There are: ${others.join(", ") || "none besides lo"}. Left out, the one of the default route is taken.`;
  return [report("NETWORK_DEVICE", "there is no such network interface.", hint)];
}

function prefix({ config }: Loaded, report: Report): ConfigProblem[] {
  for (let path = config.FS_PREFIX; ; path = dirname(path)) {
    try {
      if (!statSync(path).isDirectory())
        return [report("FS_PREFIX", `${path} is no directory.`, "Name a directory, or move the file away.")];
      accessSync(path, constants.W_OK | constants.X_OK);
      return [];
    } catch (e) {
      const { code } = e as { code?: string };
      if (code === "ENOENT" && path !== "/") continue;
      const why =
        code === "EROFS"
          ? "is on a read-only file system"
          : code === "ENOTDIR"
            ? "is no directory"
            : "can't be written";
      return [
        report("FS_PREFIX", `${path} ${why}.`, "Run as root, or choose a directory on a disk that can be written."),
      ];
    }
  }
}

function storage({ config }: Loaded, facts: HostFacts, report: Report): ConfigProblem[] {
  if (config.STORAGE !== "disk") return [];
  const { DISK, FS_PREFIX } = config;
  if (DISK === null)
    return [report("STORAGE", "DISK does not say which.", "Set DISK=/dev/…, or STORAGE=file for a pool in a file.")];
  let real: string;
  try {
    real = realpathSync(DISK);
    if (!statSync(real).isBlockDevice())
      return [report("DISK", "it is no block device.", "Name a disk or partition, for example /dev/sdb.")];
  } catch {
    return [report("DISK", "it does not exist.", "`lsblk` lists the disks of this host.")];
  }
  // Partitions of a disk count as the disk: /dev/sdb1, /dev/nvme0n1p2.
  const isPart = (source: string) =>
    source === real || new RegExp(`^${real.replace(/[.\\+]/g, "\\$&")}p?\\d+$`).test(source);
  const mounted = facts.mounts.find((m) => isPart(resolved(m.source)) && !m.target.startsWith(`${FS_PREFIX}/local/`));
  if (mounted)
    return [
      report(
        "DISK",
        `${mounted.source} is mounted at ${mounted.target}.`,
        "Everything on DISK is lost: name an empty one, or unmount this one if it really is the right one.",
      ),
    ];
  const swap = facts.swaps.find((s) => isPart(resolved(s)));
  return swap ? [report("DISK", `${swap} is in use as swap.`, "Name another disk, or `swapoff` this one.")] : [];
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Names such as /dev/root stand for no file.
    return path;
  }
}
