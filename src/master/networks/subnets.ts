import { type Cidr, contains, maskOf } from "../../lib/ipv4.ts";

/**
 * Buddy allocation of subnets out of CLUSTER_NET. The unit is a run of 64 addresses (a /26), named by its number
 * (address / 64); a subnet is one, two or four units, aligned to its own size. All pure: what is taken comes in
 * as a set of unit numbers, what is chosen goes out as a network.
 */
export const UNIT_PREFIX = 26;
/** The widest subnet: room for more nodes than one vcluster may have. */
const WIDEST_PREFIX = 24;
const UNIT_BITS = 32 - UNIT_PREFIX;

/** Nodes that fit: all addresses but the network's own, the gateway's and the broadcast address. */
export function room(prefix: number): number {
  return 2 ** (32 - prefix) - 3;
}

/** The narrowest subnet, /26 at least, that has room for so many nodes. null: there is none. */
export function prefixFor(nodes: number): number | null {
  for (let p = UNIT_PREFIX; p >= WIDEST_PREFIX; p--) if (nodes <= room(p)) return p;
  return null;
}

/** The units that a subnet is made of. */
export function unitsOf(subnet: Cidr): number[] {
  const first = subnet.base >>> UNIT_BITS;
  return Array.from({ length: 2 ** Math.max(0, UNIT_PREFIX - subnet.prefix) }, (_, i) => first + i);
}

/**
 * A free subnet of this prefix. While at least half of the net is untouched, each subnet gets a /24 to itself, so
 * that it can widen in place later; after that the tightest gap that fits is taken, so that wide ones stay possible.
 */
export function allocate(net: Cidr, taken: ReadonlySet<number>, prefix: number): Cidr | null {
  // A net narrower than one unit holds exactly one subnet: itself.
  if (net.prefix > UNIT_PREFIX) return taken.has(net.base >>> UNIT_BITS) || prefix < UNIT_PREFIX ? null : net;
  if (prefix < net.prefix) return null;
  const first = net.base >>> UNIT_BITS;
  const total = 2 ** (UNIT_PREFIX - net.prefix);
  const group = Math.min(total, 2 ** (UNIT_PREFIX - WIDEST_PREFIX));
  const touched = new Set<number>();
  for (const unit of taken) {
    if (unit >= first && unit < first + total) touched.add(Math.floor((unit - first) / group));
  }
  const size = 2 ** (UNIT_PREFIX - prefix);
  const roomy = touched.size * 2 < total / group;
  const unit = (roomy ? null : tightest(first, group, size, touched, taken)) ?? untouched(first, group, total, touched);
  return unit === null ? null : { base: (unit << UNIT_BITS) >>> 0, prefix };
}

/** The same subnet, wider, keeping every address: only when all that it would swallow is free. */
export function widen(net: Cidr, taken: ReadonlySet<number>, subnet: Cidr, prefix: number): Cidr | null {
  const wide = { base: (subnet.base & maskOf(prefix)) >>> 0, prefix };
  if (prefix < WIDEST_PREFIX || !contains(net, wide)) return null;
  const own = new Set(unitsOf(subnet));
  return unitsOf(wide).every((u) => own.has(u) || !taken.has(u)) ? wide : null;
}

function untouched(first: number, group: number, total: number, touched: ReadonlySet<number>): number | null {
  for (let g = 0; g * group < total; g++) if (!touched.has(g)) return first + g * group;
  return null;
}

function tightest(
  first: number,
  group: number,
  size: number,
  touched: ReadonlySet<number>,
  taken: ReadonlySet<number>,
): number | null {
  const free = (from: number, n: number) => Array.from({ length: n }, (_, i) => from + i).every((u) => !taken.has(u));
  let best: number | null = null;
  for (const g of [...touched].sort((a, b) => a - b)) {
    const start = first + g * group;
    for (let at = start; at + size <= start + group; at += size) {
      if (!free(at, size)) continue;
      const buddyFree = size * 2 <= group && free(start + ((at - start) ^ size), size);
      if (!buddyFree) return at;
      best ??= at;
    }
  }
  return best;
}
