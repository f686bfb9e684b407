import { DockletError } from "../../lib/errors.ts";
import {
  ipsetDestroy,
  ipsetNames,
  ipsetRestore,
  iptables,
  iptablesRestore,
  iptablesSave,
  nft,
  nftSets,
  nftTables,
} from "../../os/firewall.ts";

/**
 * The fixed rules of one installation. None of them names a node: bridges and host ends are matched by their
 * prefix and addresses by sets, so neither a packet nor a change costs more with more nodes. The host's own
 * rules are never touched: each built-in chain gets one jump into a chain of ours.
 */
export interface FirewallFacts {
  tag: string;
  clusterNet: string;
  /** Networks that no node may reach. */
  deny: string[];
  /** Name servers that nodes may ask even inside a denied network. */
  dns: string[];
}

/** Connections of one node, open or not yet forgotten, through this host. */
const CONNECTIONS = 8192;

/** Where the other end of a tunnel listens, on every host. */
export const VXLAN_PORT = 4789;

/**
 * Where one host is the gateway of all, the others have no address in a vcluster's network that its nodes could answer
 * to. The door is one that never leaves the host: what a node sends there goes to its own host's bridge.
 */
export const DOOR = { address: "169.254.213.1", mac: "06:d1:00:00:00:01" };

/** 06:d0… is a gateway, 06:d1… a door: no node has a MAC like these. */
const OF_HOST = "& ff:fe:00:00:00:00 == 06:d0:00:00:00:00";

const bridges = (tag: string) => `dk${tag}b+`;
const chain = (tag: string, what: string) => `DOCKLET-${tag}-${what}`;
const set = (tag: string, what: string) => `docklet-${tag}-${what}`;
export const table = (tag: string) => `docklet_${tag}`;

/** Jumps into our chains: [table, chain of the kernel, rule]. Inserted first, once. */
function jumps(tag: string): [string, string, string[]][] {
  return [
    ["filter", "INPUT", ["-i", bridges(tag), "-j", chain(tag, "IN")]],
    ["filter", "FORWARD", ["-j", chain(tag, "FWD")]],
    ["nat", "POSTROUTING", ["-j", chain(tag, "NAT")]],
  ];
}

export function filterRules(f: FirewallFacts): string {
  const br = bridges(f.tag);
  const [inn, fwd, nat] = [chain(f.tag, "IN"), chain(f.tag, "FWD"), chain(f.tag, "NAT")];
  return [
    "*filter",
    `:${inn} - [0:0]`,
    `:${fwd} - [0:0]`,
    // A node reaches nothing on the host, save answers and a ping of its own gateway.
    `-A ${inn} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`,
    `-A ${inn} -p icmp --icmp-type echo-request -m addrtype --dst-type LOCAL --limit-iface-in -m limit --limit 100/second -j ACCEPT`,
    `-A ${inn} -j DROP`,
    // The connections that the kernel can follow are the whole host's: no node gets more than a share of them.
    `-A ${fwd} -i ${br} -m conntrack --ctstate NEW -m connlimit --connlimit-above ${CONNECTIONS} --connlimit-saddr -j DROP`,
    // Frames within one bridge come by here only where bridge-nf-call-iptables is on.
    `-A ${fwd} -i ${br} -o ${br} -m physdev --physdev-is-bridged -j ACCEPT`,
    `-A ${fwd} -i ${br} -o ${br} -j DROP`,
    // Behind this host's address a node would speak to other hosts as one of them.
    `-A ${fwd} -i ${br} -p udp --dport ${VXLAN_PORT} -j DROP`,
    `-A ${fwd} -i ${br} -m set --match-set ${set(f.tag, "dns")} dst -p udp --dport 53 -j ACCEPT`,
    `-A ${fwd} -i ${br} -m set --match-set ${set(f.tag, "dns")} dst -p tcp --dport 53 -j ACCEPT`,
    `-A ${fwd} -i ${br} -m set --match-set ${set(f.tag, "deny")} dst -j DROP`,
    `-A ${fwd} -i ${br} -j ACCEPT`,
    `-A ${fwd} -o ${br} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`,
    `-A ${fwd} -o ${br} -j DROP`,
    "COMMIT",
    "*nat",
    `:${nat} - [0:0]`,
    // Frames on their way through a bridge, to a gateway on another host, come by here where bridge-nf-call-iptables is on.
    `-A ${nat} -s ${f.clusterNet} ! -d ${f.clusterNet} ! -o ${br} -j MASQUERADE`,
    "COMMIT",
    "",
  ].join("\n");
}

export function setRules(f: Pick<FirewallFacts, "tag" | "deny" | "dns">): string {
  return [
    ...replaceSet(set(f.tag, "deny"), "hash:net family inet maxelem 65536", f.deny),
    ...replaceSet(set(f.tag, "dns"), "hash:ip family inet", f.dns),
    "",
  ].join("\n");
}

/** Filled aside and swapped in: nodes that run meanwhile never see it half full. */
function replaceSet(name: string, type: string, members: string[]): string[] {
  const next = `${name}-next`;
  return [
    `create ${name} ${type}`,
    `create ${next} ${type}`,
    `flush ${next}`,
    ...members.map((m) => `add ${next} ${m}`),
    `swap ${next} ${name}`,
    `destroy ${next}`,
  ];
}

/** The host's networks have changed. */
export async function updateSets(f: Pick<FirewallFacts, "tag" | "deny" | "dns">): Promise<void> {
  await ipsetRestore(setRules(f));
}

/**
 * Anti-spoofing, where frames enter a bridge and before anything learns from them: a host end may only send
 * with its own MAC and IPv4 address; no IPv6, no router advertisement, no DHCP server, nothing else. From a tunnel comes
 * only what is from a node on another host, and a gateway's frames cross it only where one host is the gateway of all.
 */
export function spoofRules(tag: string): string {
  const t = table(tag);
  const own = (set: string) => [
    `    ether type ip iifname . ether saddr . ip saddr @${set} ACCEPT`,
    `    ether type arp iifname . ether saddr . arp saddr ip @${set} iifname . arp saddr ether . arp saddr ip @${set} accept`,
  ];
  return [
    `table bridge ${t} {`,
    "  set ok { type ifname . ether_addr . ipv4_addr; }",
    "  set remote { type ifname . ether_addr . ipv4_addr; }",
    // A tunnel with the gateway at its other end, and one with the gateway at this end.
    "  set routers { type ifname . ether_addr; }",
    "  set gates { type ifname . ether_addr; }",
    "  chain door {",
    `    ip daddr ${DOOR.address} ether daddr set ${DOOR.mac} meta pkttype set host`,
    "    accept",
    "  }",
    "  chain port {",
    "    ether type ip udp sport 67 drop",
    `    ether type ip ether daddr ${DOOR.mac} ip daddr != ${DOOR.address} drop`,
    ...own("ok").map((l) => l.replace("ACCEPT", "goto door")),
    "    drop",
    "  }",
    "  chain tunnel {",
    "    ether type ip udp sport 67 drop",
    "    ether daddr & 01:00:00:00:00:00 != 00:00:00:00:00:00 drop",
    `    ether daddr ${OF_HOST} iifname . ether daddr != @gates drop`,
    ...own("remote").map((l) => l.replace("ACCEPT", "accept")),
    "    ether type ip iifname . ether saddr @routers accept",
    "    drop",
    "  }",
    "  chain entry {",
    "    type filter hook prerouting priority -300; policy accept;",
    `    iifname "dk${tag}n*" jump port`,
    `    iifname "dk${tag}v*" jump tunnel`,
    "  }",
    "  chain leave {",
    "    type filter hook postrouting priority 0; policy accept;",
    // The gateway's own ARP requests go as far as the tunnel's device, which answers them.
    `    oifname "dk${tag}v*" ether saddr ${OF_HOST} oifname . ether saddr != @gates drop`,
    "  }",
    "}",
    "",
  ].join("\n");
}

/**
 * A host end speaks to the host through its bridge or not at all. On no bridge it is while a node boots, and as long
 * as a warm one waits; whatever runs in there shall not reach the host by the host end's own IPv6 address.
 * And into a tunnel comes nothing but from the hosts at its other ends; by then a packet is whole again.
 */
export function hostRules(tag: string): string {
  return [
    `table inet ${table(tag)} {`,
    "  set vnis {",
    "    typeof @th,96,24",
    "  }",
    "  set peers {",
    "    typeof @th,96,24 . ip saddr",
    "  }",
    "  chain entry {",
    "    type filter hook prerouting priority -400; policy accept;",
    `    iifname "dk${tag}n*" drop`,
    `    iifname "dk${tag}v*" drop`,
    `    iifname "dk${tag}b*" meta nfproto ipv6 drop`,
    "  }",
    "  chain underlay {",
    "    type filter hook input priority -10; policy accept;",
    `    udp dport ${VXLAN_PORT} @th,96,24 @vnis @th,96,24 . ip saddr != @peers drop`,
    "  }",
    "}",
    "",
  ].join("\n");
}

/** Puts everything in place, replacing an earlier version of it in one go; elements of the anti-spoofing set are kept. */
export async function installFirewall(f: FirewallFacts): Promise<void> {
  await ipsetRestore(setRules(f));
  await iptablesRestore(filterRules(f));
  for (const [tbl, kernel, rule] of jumps(f.tag)) {
    if (await iptables("-t", tbl, "-C", kernel, ...rule)) continue;
    // Without its jump a chain guards nothing: better no nodes than open ones.
    if (!(await iptables("-t", tbl, "-I", kernel, "1", ...rule)))
      throw new DockletError(
        "host_command",
        `docklet's rules could not be hooked into ${tbl}/${kernel} of iptables.`,
        "Run `docklet doctor`: iptables or a module of the kernel's netfilter is missing.",
      );
  }
  const t = table(f.tag);
  await nft(replaceChains("bridge", t, spoofRules(f.tag)));
  await nft(replaceChains("inet", t, hostRules(f.tag)));
}

/** The same table with its chains emptied first; elements of its sets are kept. Declaring chains first makes that valid on a fresh system too. */
function replaceChains(family: string, t: string, rules: string): string {
  const chains = [...rules.matchAll(/^ {2}chain (\w+) \{\n( {4}type .*\n)?/gm)].map(([, name, hook]) => ({
    name,
    hook,
  }));
  return [
    `table ${family} ${t} {`,
    ...chains.map((c) => `  chain ${c.name} {\n${c.hook ?? ""}  }`),
    "}",
    ...chains.map((c) => `flush chain ${family} ${t} ${c.name}`),
    rules,
  ].join("\n");
}

export interface Port {
  veth: string;
  mac: string;
  address: string;
}

const element = (p: Port) => `"${p.veth}" . ${p.mac} . ${p.address}`;

export async function allowPort(tag: string, port: Port): Promise<void> {
  await nft(`add element bridge ${table(tag)} ok { ${element(port)} }\n`);
}

/** Ports that are let in, those from an earlier life of docklet included. */
export async function allowedPorts(tag: string): Promise<Port[]> {
  return ((await nftSets("bridge", table(tag))).ok ?? []).map(([veth, mac, address]) => ({
    veth: veth!,
    mac: mac!,
    address: address!,
  }));
}

/** Forgets a port. A missing element is no error: the wish is that it is gone. */
export async function forgetPort(tag: string, port: Port): Promise<void> {
  await nft(`delete element bridge ${table(tag)} ok { ${element(port)} }\n`, [0, 1]);
}

/** Takes everything of ours out again. */
export async function removeFirewall(tag: string): Promise<void> {
  for (const [tbl, kernel, rule] of jumps(tag)) await iptables("-t", tbl, "-D", kernel, ...rule);
  for (const [tbl, what] of [
    ["filter", "IN"],
    ["filter", "FWD"],
    ["nat", "NAT"],
  ] as const) {
    await iptables("-t", tbl, "-F", chain(tag, what));
    await iptables("-t", tbl, "-X", chain(tag, what));
  }
  for (const what of ["deny", "dns", "deny-next", "dns-next"]) await ipsetDestroy(set(tag, what));
  for (const family of ["bridge", "inet"]) await nft(`delete table ${family} ${table(tag)}\n`, [0, 1]);
}

/** What of the host's firewall is ours: lines of iptables, sets, tables of nft. */
export async function firewallLeftovers(tag: string): Promise<string[]> {
  const [lines, sets, tables] = await Promise.all([iptablesSave(), ipsetNames(), nftTables()]);
  return [
    ...lines.split("\n").filter((l) => l.includes(`DOCKLET-${tag}-`)),
    ...sets.filter((s) => s.startsWith(set(tag, ""))).map((s) => `ipset ${s}`),
    ...tables.filter((t) => t.endsWith(` ${table(tag)}`)).map((t) => `nft table ${t}`),
  ];
}
