import { formatMiB } from "../../lib/units.ts";
import type { Amount } from "./amount.ts";

/** Share of memory or disk above which a host is taken only when nothing else is left. */
const STRAINED = 0.9;
/** MiB left below which nothing new is begun, on a host that has plenty; on a small one it is this share of it. */
const LEAST = { memory: 512, disk: 4096 };
const LEAST_SHARE = 0.03;

/** Promises are one thing, what is measured is another: nodes that use all of theirs can fill an overcommitted host. */
export function strain(capacity: Amount, used: Amount): { full: string | null; strained: string | null } {
  let strained: string | null = null;
  for (const kind of ["memory", "disk"] as const) {
    if (capacity[kind] <= 0) continue;
    const free = capacity[kind] - used[kind];
    if (free < Math.min(LEAST[kind], capacity[kind] * LEAST_SHARE)) {
      return { full: `its ${kind} is full: ${formatMiB(Math.max(0, Math.floor(free)))} are left`, strained: null };
    }
    if (used[kind] > capacity[kind] * STRAINED) {
      strained ??= `its ${kind} is ${Math.floor((used[kind] / capacity[kind]) * 100)} % full`;
    }
  }
  return { full: null, strained };
}
