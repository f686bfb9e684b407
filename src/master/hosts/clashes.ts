import type { HostReport } from "../../contracts/worker.ts";
import { type Cidr, contains, formatCidr, parseAddress } from "../../lib/ipv4.ts";

/** What can't be as a host says it is, because of another host or of the data centre: null: nothing. */
export interface Clashes {
  of(name: string, report: HostReport): string | null;
  /** A host came, went, or has another address. */
  changed(): void;
}

/**
 * Two hosts with one address would send each other's nodes' packets nowhere; the one that was here first goes on. A host
 * that gives nodes other addresses than the master does would not let their packets through.
 */
export function clashes(net: () => Cidr | null, connected: () => Iterable<[string, HostReport]>): Clashes {
  /** Who has an address, first come; made when it is asked for. */
  let holders: Map<string, string> | null = null;
  const holder = (address: string) => {
    if (holders === null) {
      holders = new Map();
      for (const [name, r] of connected())
        if (r.address !== "" && !holders.has(r.address)) holders.set(r.address, name);
    }
    return holders.get(address);
  };
  return {
    changed: () => {
      holders = null;
    },
    of: (name, { address, clusterNet }) => {
      const first = holder(address);
      if (first !== undefined && first !== name)
        return `has the address ${address}, and so has host ${first}: give one of them another`;
      const ours = net();
      if (ours === null) return null;
      if (clusterNet !== undefined && clusterNet !== formatCidr(ours))
        return `has CLUSTER_NET=${clusterNet}, and the master has ${formatCidr(ours)}: set it to the same`;
      const own = parseAddress(address);
      if (own !== null && contains(ours, { base: own, prefix: 32 }))
        return `has the address ${address}, which is one of those for nodes: CLUSTER_NET must not contain it`;
      return null;
    },
  };
}
