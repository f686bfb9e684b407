/** Limits of a node. Never optional: a node without them does not start. */
export interface Limits {
  /** cores */
  cpu: number;
  /** MiB */
  memory: number;
  pids: number;
  /** relative share under contention: 1024 is a working node, 2 is something that must never delay one */
  shares: number;
}

export interface CgroupUse {
  /** nanoseconds of CPU time since it was made */
  cpu: number;
  /** bytes that cannot be given back at once (page cache left out) */
  memory: number;
  pids: number;
}

/**
 * Control groups of the host, v1 or v2. Paths are relative ("docklet-ab/n1"). A node's limits sit on a parent
 * that docklet owns; LXC only gets the child `c` below it, so a reboot inside the node cannot shake them off.
 */
export interface Cgroups {
  readonly version: 1 | 2;
  create(path: string): void;
  limit(path: string, limits: Limits): void;
  /** Takes the limit of cpu time away: for what is to die, and needs time for that as well. */
  unthrottle(path: string): void;
  use(path: string): CgroupUse;
  freeze(path: string, frozen: boolean): void;
  /** Was it frozen by `freeze`? What a node froze inside itself does not count. */
  isFrozen(path: string): boolean;
  /** File and text of what `freeze` writes, absolute: for those who must do it without us. */
  freezer(path: string): { file: string; frozen: string };
  /** Processes in it and below it. */
  processes(path: string): number[];
  /** Removes it with all below. Throws EBUSY while processes live in it. */
  remove(path: string): void;
  /** Names directly under `path`. */
  children(path: string): string[];
  exists(path: string): boolean;
  /** Lines for an LXC configuration that put the container into `<path>/c`. */
  lxcConfig(path: string): string[];
}

/** What a node may open: null, zero, full, random, urandom, tty, console, ptmx, pts, and its own fuse. */
export const DEVICES = [
  "c 1:3 rwm",
  "c 1:5 rwm",
  "c 1:7 rwm",
  "c 1:8 rwm",
  "c 1:9 rwm",
  "c 5:0 rwm",
  "c 5:1 rwm",
  "c 5:2 rwm",
  "c 136:* rwm",
  "c 10:229 rwm",
];
