import { z } from "zod";
import { formatCidr, isPrivate, parseCidr } from "../lib/ipv4.ts";

/**
 * Every setting of docklet: one row each. flag `--proxy-port`, env `DOCKLET_PROXY_PORT` and file key
 * `PROXY_PORT` are made from the key. Names and meanings of the classic docklet are kept.
 */
export interface Setting<T extends z.ZodType = z.ZodType> {
  type: T;
  /** As it would be written in the file. */
  default: string;
  doc: string;
  /** Understood, but answered with this message instead of being used. */
  retired?: string;
  /** Another name for the key of this row. */
  alias?: string;
  /** Never shown: not in lists, not in errors. */
  secret?: boolean;
}

const setting = <T extends z.ZodType>(
  type: T,
  fallback: string,
  doc: string,
  more: { retired?: string; alias?: string; secret?: boolean } = {},
): Setting<T> => ({ type, default: fallback, doc, ...more });

/** Plain decimal digits only: an empty value, 0x10 or 1e3 is a mistake, not a number. */
const decimal = z
  .string()
  .regex(/^\d+(?:\.\d+)?$/, "must be a number")
  .transform(Number);
const number = (min: number, max: number) => decimal.pipe(z.number().min(min).max(max));
const whole = (min: number, max: number) => decimal.pipe(z.number().int("must be a whole number").min(min).max(max));
const port = whole(1, 65_535);
const flag = z
  .enum(["True", "False", "true", "false", "1", "0", "yes", "no"])
  .transform((v) => ["True", "true", "1", "yes"].includes(v));
const path = z.string().regex(/^\/[^\0\n]*$/, "must be an absolute path");
const words = z.string().transform((v) => v.split(/[\s,]+/).filter(Boolean));
const optional = z.string().transform((v) => (v === "" ? null : v));
/** A network; host bits are dropped, as the classic default 172.16.0.1/16 has some. */
const clusterNet = z.string().transform((v, ctx) => {
  const net = parseCidr(v);
  const wrong = !net
    ? "must be a network like 172.16.0.0/16"
    : net.prefix > 24
      ? "is too small: it must be a /24 or larger, for example /16"
      : !isPrivate(net)
        ? "must be private: inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10"
        : null;
  if (net && !wrong) return formatCidr(net);
  ctx.addIssue({ code: "custom", message: wrong ?? "" });
  return z.NEVER;
});
const portRange = z
  .string()
  .regex(/^\d{1,5}-\d{1,5}$/, "must look like 10000-65535")
  .refine((v) => {
    const [low, high] = v.split("-").map(Number);
    return low! >= 1 && low! <= high! && high! <= 65_535;
  }, "must be two ports between 1 and 65535, the smaller one first");
/** `base=4,mini=0` */
const counts = z
  .string()
  .regex(/^$|^[a-z][a-z0-9-]*=\d{1,3}(,[a-z][a-z0-9-]*=\d{1,3})*$/, "must look like base=4,mini=0")
  .transform((v) =>
    Object.fromEntries(
      v
        .split(",")
        .filter(Boolean)
        .map((p) => [p.split("=")[0]!, Number(p.split("=")[1])]),
    ),
  );

export const settings = {
  FS_PREFIX: setting(path, "/opt/docklet", "working directory: local/ per host, global/ shared"),
  CLUSTER_NAME: setting(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$/, "must be 1 to 60 letters, digits, spaces and . _ -"),
    "docklet",
    "name shown to people",
  ),
  HOST_NAME: setting(optional, "", "name of this host in docklet; default: the system's host name"),
  NETWORK_DEVICE: setting(optional, "", "network interface towards the world; default: the one of the default route"),
  CLUSTER_NET: setting(
    clusterNet,
    "172.16.0.1/16",
    "addresses that docklet gives to vclusters; nothing else may use them",
  ),
  DISTRIBUTED_GATEWAY: setting(
    flag,
    "True",
    "True: every host is the gateway of its own nodes; False: the master's host for all",
  ),
  PUBLIC_IP: setting(optional, "", "public address of this host; default: the address of NETWORK_DEVICE"),
  TENANT_DENY: setting(
    words,
    "auto",
    "networks that nodes can't reach, besides the host and other vclusters; auto: the host's own subnets",
  ),
  DNS_SERVERS: setting(words, "auto", "name servers of the nodes; auto: the host's own"),
  BIND_ADDRESS: setting(
    z.union([z.ipv4(), z.ipv6()]),
    "0.0.0.0",
    "address on which portal, workspaces and master listen",
  ),
  NGINX_PORT: setting(port, "8080", "port of the portal and the API", { alias: "PORTAL_PORT" }),
  PROXY_PORT: setting(port, "8000", "port of the workspaces"),
  PORTAL_URL: setting(optional, "", "address of the portal as people type it; default: http://PUBLIC_IP:NGINX_PORT"),
  WORKSPACE_DOMAIN: setting(
    optional,
    "",
    "wildcard domain: workspaces at <slug>.WORKSPACE_DOMAIN instead of PROXY_PORT/<slug>",
  ),
  MASTER_IP: setting(optional, "", "address of the master, for a worker; default: this host"),
  MASTER_PORT: setting(port, "9000", "port on which a master listens for the workers of other hosts"),
  WORKER_PORT: setting(
    port,
    "9001",
    "port on loopback with /healthz, /readyz and /metrics of a host without the portal",
  ),
  MASTER_IPS: setting(words, "", "addresses of all masters, for the supermaster; default: the one in this process"),
  USER_IP: setting(optional, "", "address of the supermaster, for a master; default: this host"),
  USER_PORT: setting(port, "9100", "port on which a supermaster listens for masters"),
  ETCD: setting(optional, "", "address of an etcd server, for installations with several masters"),
  AUTH_KEY: setting(optional, "", "classic shared key", {
    retired: "Shared keys are gone: hosts join with `docklet join-token create`. Remove AUTH_KEY.",
    secret: true,
  }),
  HOST_LEASE: setting(
    whole(5, 3600),
    "30",
    "seconds that a host goes on without its master before it does with nodes as their owners chose: keep, freeze or stop",
  ),
  ALLOCATED_PORTS: setting(portRange, "10000-65535", "host ports that port mappings may use"),
  SHARED_FS: setting(
    z.enum(["auto", "off", "required"]),
    "auto",
    "FS_PREFIX/global as a file system that all hosts share, for people's data folders; auto: when one is mounted there; required: a host without it is not ready",
  ),
  STORAGE: setting(
    z.enum(["file", "disk"]),
    "file",
    "file: the pool is a sparse file under FS_PREFIX/local; disk: it is DISK",
  ),
  DISK: setting(optional, "", "block device of the pool, for STORAGE=disk; everything on it is lost"),
  DISKPOOL_SIZE: setting(whole(512, 100_000_000), "102400", "size of the pool file in MiB; takes space as it fills"),
  CPU_OVERCOMMIT: setting(number(0.1, 100), "8", "cores promised per core of the host"),
  MEMORY_OVERCOMMIT: setting(number(0.1, 20), "2", "memory promised per byte of the host"),
  DISK_OVERCOMMIT: setting(number(0.1, 100), "4", "disk promised per byte of the pool"),
  MEMORY_RESERVE: setting(
    whole(0, 1_000_000),
    "1024",
    "MiB of memory kept for the host itself; below it the warm pool is given back",
  ),
  WARM_NODES: setting(counts, "base=2", "fewest warm nodes kept per image; more while many are claimed"),
  DEFAULT_IMAGE: setting(
    z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, "must be the name of an image"),
    "base",
    "image of a vcluster when nobody names one",
  ),
  SESSION_HOURS: setting(number(0.1, 8760), "168", "hours until an unused portal session ends"),
  LOG_LEVEL: setting(
    z
      .enum(["DEBUG", "INFO", "WARNING", "ERROR", "debug", "info", "warning", "warn", "error"])
      .transform((v) =>
        v.toLowerCase() === "warning" ? "warn" : (v.toLowerCase() as "debug" | "info" | "warn" | "error"),
      ),
    "INFO",
    "least level that is logged",
  ),
  LOG_LIFE: setting(whole(1, 3650), "10", "days that old log files are kept"),
} satisfies Record<string, Setting>;

export type ConfigKey = keyof typeof settings;
export type Config = { readonly [K in ConfigKey]: z.output<(typeof settings)[K]["type"]> };
