import { join } from "node:path";

/**
 * Names and places of everything that a worker makes. Kernel objects carry `dk` and the two-letter tag of this
 * installation, so that two docklets on one machine (and a clean-up without a database) never mistake each other's.
 */
export class Layout {
  constructor(
    readonly prefix: string,
    readonly tag: string,
  ) {}

  get local() {
    return join(this.prefix, "local");
  }
  /** Where a shared file system may be mounted. */
  get global() {
    return join(this.prefix, "global");
  }
  get poolFile() {
    return join(this.local, "pool.img");
  }
  get pool() {
    return join(this.local, "pool");
  }
  /** tmpfs: gone after a reboot of the host, as the nodes are. */
  get live() {
    return join(this.local, "live");
  }
  get events() {
    return join(this.live, "events");
  }
  get lxcPath() {
    return join(this.live, "lxc");
  }
  get hook() {
    return join(this.live, "hook.sh");
  }

  /** Disk of an instance: a subvolume with upper/ and work/. */
  disk = (id: string) => join(this.pool, "nodes", id);
  /** Tree of a layer: what overlay takes as a lower folder. */
  layer = (id: string) => join(this.pool, "layers", id, "root");
  home = (owner: string) => join(this.pool, "homes", owner);
  run = (id: string) => join(this.live, id);
  merged = (id: string) => join(this.live, id, "merged");
  identitySource = (id: string) => join(this.live, id, "idsrc");
  identity = (id: string) => join(this.live, id, "id");
  /** What the slot shows while nothing is mounted in it. */
  homeEmpty = (id: string) => join(this.live, id, "home0");
  /** Where a shared folder is made ready before it comes into the slot. */
  homeStaging = (id: string) => join(this.live, id, "shared");
  homeSlot = (id: string) => join(this.live, id, "home");

  container = (id: string) => `dk${this.tag}${id}`;
  veth = (id: string) => `dk${this.tag}n${id}`;
  bridge = (vcluster: string) => `dk${this.tag}b${vcluster}`;
  tunnel = (vcluster: string) => `dk${this.tag}v${vcluster}`;
  get cgroupRoot() {
    return `docklet-${this.tag}`;
  }
  get monitorRoot() {
    return `docklet-${this.tag}-mon`;
  }
  cgroup = (id: string) => `docklet-${this.tag}/${id}`;
}

/** First host id of range `index`. Ranges start at 1 000 000; each tag has 1 000 of them to itself, as far as tags differ. */
export function rangeBase(tag: string, index: number): number {
  const slot = [...tag].reduce((h, c) => (h * 31 + c.charCodeAt(0)) % 60, 7);
  return 1_000_000 + (slot * 1000 + index) * 65_536;
}
export const RANGES = 1000;

/** First host id of a person's own range: behind those of all tags, and the same on every host. */
export function personBase(range: number): number {
  return 1_000_000 + (60 * 1000 + range) * 65_536;
}
