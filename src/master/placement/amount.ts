import type { NodeSize } from "../../contracts/public/index.ts";
import { formatMiB } from "../../lib/units.ts";

/** Cores, MiB of memory, MiB of disk. */
export type Amount = NodeSize;

export const KINDS = ["cpu", "memory", "disk"] as const;

export function minus(a: Amount, b: Amount): Amount {
  return { cpu: a.cpu - b.cpu, memory: a.memory - b.memory, disk: a.disk - b.disk };
}

/** How many nodes of this size fit into what is free. */
export function fits(free: Amount, size: Amount): number {
  // Sums of tenths of a core are not exact in binary: a hair too little is enough.
  const times = KINDS.map((k) => Math.floor(free[k] / size[k] + 1e-9));
  return Math.max(0, Math.min(...times));
}

export function describe(a: Amount): string {
  const cores = Math.round(Math.max(0, a.cpu) * 10) / 10;
  return `${cores} core${cores === 1 ? "" : "s"}, ${formatMiB(whole(a.memory))} memory, ${formatMiB(whole(a.disk))} disk`;
}

const whole = (mib: number) => Math.max(0, Math.floor(mib));
