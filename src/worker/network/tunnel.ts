import type { Member, VclusterOrder } from "../../contracts/worker.ts";
import type { Layout } from "../layout.ts";
import { gatewayMac } from "./bridges.ts";
import { VXLAN_PORT } from "./firewall.ts";

/** All that one host's end of the tunnels of one vcluster consists of. */
export interface Tunnel {
  device: string;
  bridge: string;
  vni: number;
  local: string;
  mtu: number;
  /** Who is behind it. */
  far: Member[];
  /** Elements of the firewall's sets: `bridge remote "dkxxvabcdef" . 02:… . 172.16.0.3`. */
  elements: string[];
}

/** The tunnel that an order asks for on the host with the address `own`; null: nobody is behind it. */
export function tunnelOf(layout: Layout, order: VclusterOrder, own: string): Tunnel | null {
  const { vni, mtu, members, gateway, gatewayHost } = order.network;
  const far: Member[] = members.filter((m) => m.host !== own);
  const device = layout.tunnel(order.id);
  const router = gatewayMac(gateway);
  const elements = [`inet vnis ${vni}`];
  if (gatewayHost !== null && gatewayHost !== own) {
    far.push({ mac: router, address: gateway, host: gatewayHost });
    elements.push(`bridge routers "${device}" . ${router}`);
  } else if (gatewayHost === own) elements.push(`bridge gates "${device}" . ${router}`);
  if (far.length === 0) return null;
  for (const f of far) elements.push(`bridge remote "${device}" . ${f.mac} . ${f.address}`);
  for (const host of new Set(far.map((f) => f.host))) elements.push(`inet peers ${vni} . ${host}`);
  return { device, bridge: layout.bridge(order.id), vni, local: own, mtu, far, elements };
}

/** Lines for `ip -batch`, `bridge -batch` and `nft -f`. */
export interface Changes {
  ip: string[];
  bridge: string[];
  nft: string[];
}

/** What makes `have` to `want`. The firewall's table is `table`. */
export function changes(table: string, have: Tunnel | null, want: Tunnel | null): Changes {
  const nft = elementChanges(table, have?.elements ?? [], want?.elements ?? []);
  if (!want) return { ip: have ? [`link del ${have.device}`] : [], bridge: [], nft };
  const same = have && have.vni === want.vni && have.local === want.local;
  const old = same ? have.far : [];
  const ip = same ? [] : [...(have ? [`link del ${have.device}`] : []), ...create(want)];
  if (same && have.mtu !== want.mtu) ip.push(`link set ${want.device} mtu ${want.mtu}`);
  const bridge: string[] = [];
  for (const f of old) {
    if (!want.far.some((x) => x.address === f.address)) ip.push(`neigh del ${f.address} dev ${want.device}`);
    if (!want.far.some((x) => x.mac === f.mac))
      bridge.push(`fdb del ${f.mac} dev ${want.device} self`, `fdb del ${f.mac} dev ${want.device} master`);
  }
  for (const f of want.far) {
    const known = old.find((x) => x.mac === f.mac);
    if (known?.address !== f.address)
      ip.push(`neigh replace ${f.address} lladdr ${f.mac} dev ${want.device} nud permanent`);
    if (known?.host !== f.host) bridge.push(`fdb replace ${f.mac} dev ${want.device} dst ${f.host} self permanent`);
    // Sticky: no frame from another port can move it, whatever it claims.
    if (!known) bridge.push(`fdb replace ${f.mac} dev ${want.device} master static sticky`);
  }
  return { ip, bridge, nft };
}

/**
 * Nothing is learned and nothing is flooded. Broadcasts reach the device only so that it can answer ARP requests itself,
 * from the entries below (`proxy`): no ARP packet ever crosses a tunnel. Other broadcasts end there: it has no default
 * destination.
 */
function create(t: Tunnel): string[] {
  return [
    `link add ${t.device} mtu ${t.mtu} type vxlan id ${t.vni} dstport ${VXLAN_PORT} local ${t.local} nolearning proxy`,
    `link set ${t.device} addrgenmode none`,
    `link set ${t.device} master ${t.bridge}`,
    `link set ${t.device} type bridge_slave learning off flood off mcast_flood off`,
    `link set ${t.device} up`,
  ];
}

/** Lines that make one list of elements of the firewall's sets to the other. */
export function elementChanges(table: string, have: string[], want: string[]): string[] {
  const line = (verb: string, e: string) => {
    const [family, set, ...element] = e.split(" ");
    return `${verb} element ${family} ${table} ${set} { ${element.join(" ")} }`;
  };
  const gone = have.filter((e) => !want.includes(e));
  // Removing what is not there is an error that would undo all of it; adding what is there is none.
  return [
    ...gone.flatMap((e) => [line("add", e), line("delete", e)]),
    ...want.filter((e) => !have.includes(e)).map((e) => line("add", e)),
  ];
}
