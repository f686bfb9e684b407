import { DockletError } from "../../lib/errors.ts";
import { type Cidr, formatCidr } from "../../lib/ipv4.ts";
import type { Reader, Tx } from "../../store/store.ts";
import { freeAddresses, macOf } from "./addresses.ts";
import { allocate, prefixFor, room, unitsOf, widen } from "./subnets.ts";

const MAX_VNI = 16_777_215;

function takenUnits(db: Reader): Set<number> {
  return new Set(db.all<{ block: number }>("SELECT block FROM subnet_leases").map((r) => r.block));
}

/** Chooses a subnet with room for `nodes`; the lease is written by `holdNetwork`. */
export function chooseSubnet(db: Reader, net: Cidr, nodes: number): Cidr {
  const prefix = prefixFor(nodes);
  const subnet = prefix === null ? null : allocate(net, takenUnits(db), prefix);
  if (subnet && nodes <= room(subnet.prefix)) return subnet;
  throw new DockletError(
    "no_capacity",
    `No free subnet for ${nodes} node${nodes === 1 ? "" : "s"} is left in ${formatCidr(net)}.`,
    "Delete a vcluster that nobody needs, or ask the administrator for a wider CLUSTER_NET.",
  );
}

export function holdNetwork(tx: Tx, vcluster: string, subnet: Cidr): void {
  for (const block of unitsOf(subnet)) {
    tx.run("INSERT INTO subnet_leases (block, vcluster) VALUES ($block, $vcluster)", { block, vcluster });
  }
  tx.run("INSERT INTO vni_leases (vni, vcluster) VALUES ($vni, $vcluster)", { vni: freeVni(tx), vcluster });
}

/**
 * The subnet for `nodes` nodes in all, widened in place where the old one is too narrow. Every address that is
 * in use stays as it is, the gateway's too.
 */
export function growSubnet(tx: Tx, net: Cidr, vcluster: string, subnet: Cidr, nodes: number): Cidr {
  if (nodes <= room(subnet.prefix)) return subnet;
  const prefix = prefixFor(nodes);
  const wide = prefix === null ? null : widen(net, takenUnits(tx), subnet, prefix);
  if (!wide) {
    throw new DockletError(
      "no_capacity",
      `The network of this vcluster (${formatCidr(subnet)}) has room for ${room(subnet.prefix)} nodes and can't be widened: the addresses beside it are taken.`,
      `Scale to ${room(subnet.prefix)} nodes at most, or create a new vcluster with as many nodes as you need.`,
    );
  }
  const own = new Set(unitsOf(subnet));
  for (const block of unitsOf(wide).filter((u) => !own.has(u))) {
    tx.run("INSERT INTO subnet_leases (block, vcluster) VALUES ($block, $vcluster)", { block, vcluster });
  }
  return wide;
}

/** Addresses and hardware addresses for `count` new nodes; leases are written by `holdAddress`. */
export function chooseAddresses(
  db: Reader,
  subnet: Cidr,
  gateway: number,
  count: number,
): { address: number; mac: string }[] {
  const last = subnet.base + 2 ** (32 - subnet.prefix) - 1;
  const used = db.all<{ address: number }>(
    "SELECT address FROM address_leases WHERE address BETWEEN $first AND $last",
    {
      first: subnet.base,
      last,
    },
  );
  const free = freeAddresses(subnet, gateway, new Set(used.map((r) => r.address)), count);
  if (!free) {
    throw new DockletError(
      "no_capacity",
      `No ${count} addresses are free in ${formatCidr(subnet)}.`,
      "Try again soon.",
    );
  }
  return free.map((address) => ({ address, mac: macOf(address) }));
}

export function holdAddress(tx: Tx, node: string, address: number): void {
  tx.run("INSERT INTO address_leases (address, node) VALUES ($address, $node)", { address, node });
}

export function vniOf(db: Reader, vcluster: string): number {
  return db.get<{ vni: number }>("SELECT vni FROM vni_leases WHERE vcluster = $vcluster", { vcluster })!.vni;
}

/** One above the highest in use; the lowest gap once the top is reached. */
function freeVni(db: Reader): number {
  const top = db.get<{ v: number }>("SELECT coalesce(max(vni), 0) AS v FROM vni_leases")!.v;
  if (top < MAX_VNI) return top + 1;
  return db.get<{ v: number }>(
    "SELECT min(vni) + 1 AS v FROM vni_leases a WHERE NOT EXISTS (SELECT 1 FROM vni_leases b WHERE b.vni = a.vni + 1) AND vni < 16777215",
  )!.v;
}
