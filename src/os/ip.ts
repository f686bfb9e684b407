import { run } from "./exec.ts";

/** Runs `ip` lines in one process. `force`: go on after a line that fails (for teardown). */
export async function ipBatch(lines: string[], options: { force?: boolean } = {}): Promise<void> {
  if (lines.length === 0) return;
  await run(["ip", ...(options.force ? ["-force"] : []), "-batch", "-"], {
    input: `${lines.join("\n")}\n`,
    ok: options.force ? [0, 1, 2] : [0],
  });
}

/** The same inside the network namespace of `pid`. */
export async function ipBatchIn(pid: number, lines: string[]): Promise<void> {
  if (lines.length === 0) return;
  await run(["nsenter", `--net=/proc/${pid}/ns/net`, "ip", "-batch", "-"], { input: `${lines.join("\n")}\n` });
}

/** Runs `bridge` lines in one process. */
export async function bridgeBatch(lines: string[]): Promise<void> {
  if (lines.length === 0) return;
  await run(["bridge", "-batch", "-"], { input: `${lines.join("\n")}\n` });
}

export interface Link {
  ifname: string;
  address?: string;
  master?: string;
  operstate?: string;
}

export async function links(): Promise<Link[]> {
  return JSON.parse((await run(["ip", "-json", "link", "show"])).stdout || "[]") as Link[];
}

export interface Vxlan {
  ifname: string;
  mtu: number;
  master?: string;
  linkinfo: { info_data: { id: number; local?: string } };
}

export async function vxlans(): Promise<Vxlan[]> {
  return JSON.parse(
    (await run(["ip", "-json", "-details", "link", "show", "type", "vxlan"])).stdout || "[]",
  ) as Vxlan[];
}

export interface ForwardingEntry {
  ifname: string;
  mac: string;
  state: string;
  /** Of a VXLAN device's own table: the host behind the tunnel. */
  dst?: string;
  /** Of a bridge's table: the bridge. */
  master?: string;
}

export async function forwardingEntries(): Promise<ForwardingEntry[]> {
  return JSON.parse((await run(["bridge", "-json", "fdb", "show"])).stdout || "[]") as ForwardingEntry[];
}

export interface Neighbour {
  dst: string;
  dev: string;
  lladdr?: string;
}

/** Those that were written by hand, so to say: the kernel did not learn them. */
export async function permanentNeighbours(): Promise<Neighbour[]> {
  return JSON.parse(
    (await run(["ip", "-json", "-4", "neigh", "show", "nud", "permanent"])).stdout || "[]",
  ) as Neighbour[];
}

export interface Address {
  ifname: string;
  mtu: number;
  addr_info: { family: string; local: string; prefixlen: number; scope: string }[];
}

export async function addresses(): Promise<Address[]> {
  return JSON.parse((await run(["ip", "-json", "addr", "show"])).stdout || "[]") as Address[];
}

export interface Route {
  dst: string;
  dev: string;
  gateway?: string;
  prefsrc?: string;
}

export async function routes(): Promise<Route[]> {
  return JSON.parse((await run(["ip", "-json", "-4", "route", "show"])).stdout || "[]") as Route[];
}
