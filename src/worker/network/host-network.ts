import { existsSync, readFileSync } from "node:fs";
import { DockletError } from "../../lib/errors.ts";
import { contains, formatCidr, parseAddress, parseCidr } from "../../lib/ipv4.ts";
import { addresses, type Route, routes } from "../../os/ip.ts";

/** What the host's own network looks like to a node. */
export interface HostNetwork {
  /** Interface towards the world. */
  device: string;
  address: string;
  mtu: number;
  deny: string[];
  dns: string[];
}

/** Never anybody's business from inside a node, whatever the configuration says. */
const ALWAYS_DENIED = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"];

export interface NetworkOptions {
  device: string | null;
  clusterNet: string;
  /** "auto" or networks */
  deny: string[];
  /** "auto" or addresses */
  dns: string[];
}

export async function lookAtHostNetwork(o: NetworkOptions): Promise<HostNetwork> {
  const table = await routes();
  const all = await addresses();
  const device =
    o.device ??
    table.find((r) => r.dst === "default")?.dev ??
    all.find((a) => a.ifname !== "lo" && a.addr_info.some((i) => i.family === "inet"))?.ifname ??
    "lo";
  const link = all.find((a) => a.ifname === device);
  const mine = link?.addr_info.find((i) => i.family === "inet");
  if (!link || !mine)
    throw new DockletError(
      "invalid",
      `NETWORK_DEVICE ${device} has no IPv4 address.`,
      `Set NETWORK_DEVICE to one of: ${all.map((a) => a.ifname).join(", ")}.`,
    );
  return {
    device,
    address: mine.local,
    mtu: link.mtu,
    deny: deniedNets(o, table),
    dns: nameServers(o.dns),
  };
}

/** The host's directly attached networks hold its management, storage and neighbours; 'auto' keeps nodes out of them. */
export function deniedNets(o: Pick<NetworkOptions, "clusterNet" | "deny">, table: Route[]): string[] {
  const attached = attachedNets(table, o.clusterNet);
  return [...new Set([...ALWAYS_DENIED, o.clusterNet, ...o.deny.flatMap((d) => (d === "auto" ? attached : [d]))])];
}

/** What the host reaches without a router, peers at the other end of a tunnel included; CLUSTER_NET's parts left out. */
export function attachedNets(table: Pick<Route, "dst" | "gateway">[], clusterNet: string): string[] {
  const cluster = parseCidr(clusterNet);
  return table.flatMap(({ dst, gateway }) => {
    const net = parseCidr(dst.includes("/") ? dst : `${dst}/32`);
    if (gateway !== undefined || net === null || net.prefix === 0) return [];
    return cluster && contains(cluster, net) ? [] : [formatCidr(net)];
  });
}

const RESOLV_CONF = ["/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"];
/** More are never asked by a resolver. */
const MOST = 3;

/** What DNS_SERVERS means now: "auto" stands for the host's own name servers. */
export function nameServers(wanted: string[], files = RESOLV_CONF): string[] {
  return [...new Set(wanted.flatMap((d) => (d === "auto" ? hostNameServers(files) : [d])))].slice(0, MOST);
}

/** The host's name servers that others can ask too: a stub on loopback is looked through. */
function hostNameServers(files: string[]): string[] {
  for (const file of files) {
    if (!existsSync(file)) continue;
    const found = [...readFileSync(file, "utf8").matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)]
      .map((m) => m[1]!)
      .filter((ip) => parseAddress(ip) !== null && !ip.startsWith("127.") && ip !== "0.0.0.0");
    if (found.length > 0) return found;
  }
  return [];
}
