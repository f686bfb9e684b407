import type { VclusterOrder } from "../../contracts/worker.ts";
import { formatAddress, formatCidr } from "../../lib/ipv4.ts";
import type { Reader } from "../../store/store.ts";
import { lies } from "../homes/rows.ts";
import { copiesOf } from "../moves/copies.ts";
import { vniOf } from "../networks/leases.ts";
import { placesOf, tunnelMtu } from "../networks/underlay.ts";
import { type NodeRow, nodeName, nodeRows, vclusterRow } from "./rows.ts";

/**
 * What one host should make of one vcluster. null: nothing of it is there. `gateway`: the one host that is everybody's
 * gateway, which has a part in every vcluster; null: each host is the gateway of its own nodes.
 */
export function orderFor(
  db: Reader,
  term: number,
  id: string,
  host: string,
  gateway: string | null,
): VclusterOrder | null {
  const vc = vclusterRow(db, id);
  if (!vc) return null;
  const nodes = nodeRows(db, id);
  const copies = copiesOf(db, id);
  const left = new Map(copies.filter((c) => c.host === host).map((c) => [c.node, c.desired]));
  const here = nodes.filter((n) => n.host === host || left.has(n.id));
  if (here.length === 0 && host !== gateway) return null;
  // It may run elsewhere, as far as anybody knows: then it must not run here.
  const doubtful = new Set(copies.filter((c) => c.over === 0).map((c) => c.node));
  const desired = (n: NodeRow) => {
    if (n.host !== host) return left.get(n.id)!;
    return n.desired === "running" && (n.hold !== 0 || doubtful.has(n.id)) ? "stopped" : n.desired;
  };
  const places = placesOf(db, id, gateway);
  const nodesOn = (at: string) => nodes.filter((n) => n.host === at && n.desired !== "gone").map(nodeName);
  return {
    term,
    generation: vc.generation,
    id: vc.id,
    name: vc.name,
    image: vc.image,
    owner: { id: vc.owner_id, name: vc.owner, home: vc.home, ...lies(db, vc.owner_id, host, nodesOn) },
    network: {
      subnet: formatCidr({ base: vc.subnet_base, prefix: vc.subnet_prefix }),
      gateway: formatAddress(vc.gateway),
      vni: vniOf(db, id),
      mtu: tunnelMtu(places.values()),
      members: nodes.flatMap((n) => {
        const at = places.get(n.host);
        if (n.host === host || n.desired === "gone" || !at) return [];
        return [{ mac: n.mac, address: formatAddress(n.address), host: at.address }];
      }),
      gatewayHost: (gateway !== null && places.get(gateway)?.address) || null,
    },
    hosts: nodes
      .filter((n) => n.desired !== "gone")
      .map((n) => ({ name: nodeName(n), address: formatAddress(n.address) })),
    authorizedKeys: JSON.parse(vc.authorized_keys) as string[],
    peerKey: { private: vc.peer_private, public: vc.peer_public },
    onHostLoss: { nodes: vc.loss_nodes, recover: vc.loss_recover },
    nodes: here.map((n) => ({
      id: n.id,
      name: nodeName(n),
      desired: desired(n),
      size: { cpu: n.cpu, memory: n.memory, disk: n.disk },
      address: formatAddress(n.address),
      mac: n.mac,
    })),
  };
}

export function hostsOf(db: Reader, id: string, gateway: string | null): string[] {
  const rows = db.all<{ host: string }>(
    `SELECT host FROM nodes WHERE vcluster = $id
     UNION SELECT c.host FROM copies c JOIN nodes n ON n.id = c.node WHERE n.vcluster = $id`,
    { id },
  );
  return [...new Set([...rows.map((r) => r.host), ...(gateway === null ? [] : [gateway])])];
}
