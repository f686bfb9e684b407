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

export interface Link {
  ifname: string;
  address?: string;
  master?: string;
  operstate?: string;
}

export async function links(): Promise<Link[]> {
  return JSON.parse((await run(["ip", "-json", "link", "show"])).stdout || "[]") as Link[];
}

export interface Address {
  ifname: string;
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
