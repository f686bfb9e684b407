import { DockletError } from "../../lib/errors.ts";
import {
  ipsetDestroy,
  ipsetNames,
  ipsetRestore,
  iptables,
  iptablesRestore,
  iptablesSave,
  nft,
  nftElements,
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

const bridges = (tag: string) => `dk${tag}b+`;
const chain = (tag: string, what: string) => `DOCKLET-${tag}-${what}`;
const set = (tag: string, what: string) => `docklet-${tag}-${what}`;
const table = (tag: string) => `docklet_${tag}`;

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
    `-A ${fwd} -i ${br} -m set --match-set ${set(f.tag, "dns")} dst -p udp --dport 53 -j ACCEPT`,
    `-A ${fwd} -i ${br} -m set --match-set ${set(f.tag, "dns")} dst -p tcp --dport 53 -j ACCEPT`,
    `-A ${fwd} -i ${br} -m set --match-set ${set(f.tag, "deny")} dst -j DROP`,
    `-A ${fwd} -i ${br} -j ACCEPT`,
    `-A ${fwd} -o ${br} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`,
    `-A ${fwd} -o ${br} -j DROP`,
    "COMMIT",
    "*nat",
    `:${nat} - [0:0]`,
    `-A ${nat} -s ${f.clusterNet} ! -d ${f.clusterNet} -j MASQUERADE`,
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
 * with its own MAC and IPv4 address; no IPv6, no router advertisement, no DHCP server, nothing else.
 */
export function spoofRules(tag: string): string {
  const t = table(tag);
  return [
    `table bridge ${t} {`,
    "  set ok { type ifname . ether_addr . ipv4_addr; }",
    "  chain port {",
    "    ether type ip udp sport 67 drop",
    "    ether type ip iifname . ether saddr . ip saddr @ok accept",
    "    ether type arp iifname . ether saddr . arp saddr ip @ok iifname . arp saddr ether . arp saddr ip @ok accept",
    "    drop",
    "  }",
    "  chain entry {",
    "    type filter hook prerouting priority -300; policy accept;",
    `    iifname "dk${tag}n*" jump port`,
    "  }",
    "}",
    "",
  ].join("\n");
}

/**
 * A host end speaks to the host through its bridge or not at all. On no bridge it is while a node boots, and as long
 * as a warm one waits; whatever runs in there shall not reach the host by the host end's own IPv6 address.
 */
export function unpluggedRules(tag: string): string {
  return [
    `table inet ${table(tag)} {`,
    "  chain entry {",
    "    type filter hook prerouting priority -400; policy accept;",
    `    iifname "dk${tag}n*" drop`,
    `    iifname "dk${tag}b*" meta nfproto ipv6 drop`,
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
  // Declaring the chains first makes the flush valid on a fresh system too.
  await nft(
    `table bridge ${t} {\n  chain port { }\n  chain entry { type filter hook prerouting priority -300; policy accept; }\n}\nflush chain bridge ${t} port\nflush chain bridge ${t} entry\n${spoofRules(f.tag)}`,
  );
  await nft(`table inet ${t}\ndelete table inet ${t}\n${unpluggedRules(f.tag)}`);
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
  return (await nftElements(table(tag), "ok")).map(([veth, mac, address]) => ({
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
