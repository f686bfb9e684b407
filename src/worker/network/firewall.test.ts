import { describe, expect, test } from "bun:test";
import { type FirewallFacts, filterRules, hostRules, setRules, spoofRules } from "./firewall.ts";

const facts: FirewallFacts = {
  tag: "ab",
  clusterNet: "172.16.0.0/12",
  deny: ["127.0.0.0/8", "10.0.0.0/8"],
  dns: ["10.0.0.53"],
};
const chain = (what: string) =>
  filterRules(facts)
    .split("\n")
    .filter((l) => l.startsWith(`-A DOCKLET-ab-${what} `));
/** All of `earlier` come before all of `later`, and there are some of both. */
function order(lines: string[], earlier: RegExp, later: RegExp): void {
  const at = (r: RegExp) => lines.flatMap((l, n) => (r.test(l) ? [n] : []));
  expect(at(earlier).length).toBeGreaterThan(0);
  expect(at(later).length).toBeGreaterThan(0);
  expect(Math.max(...at(earlier))).toBeLessThan(Math.min(...at(later)));
}

describe("the order of rules, on which all depends", () => {
  test("into the host: answers, a ping, and then nothing", () => {
    const lines = chain("IN");
    order(lines, /ESTABLISHED/, /icmp/);
    order(lines, /ACCEPT$/, /DROP$/);
    expect(lines.at(-1)).toBe("-A DOCKLET-ab-IN -j DROP");
  });

  test("out of a node: other vclusters and denied networks are dropped before anything is let out", () => {
    const lines = chain("FWD");
    order(lines, /-i dkabb\+ -o dkabb\+ -j DROP/, /-i dkabb\+ -j ACCEPT/);
    order(lines, /docklet-ab-dns dst/, /docklet-ab-deny dst -j DROP/);
    order(lines, /docklet-ab-deny dst -j DROP/, /-i dkabb\+ -j ACCEPT/);
    expect(lines.filter((l) => /-i dkabb\+ -j ACCEPT/.test(l))).toHaveLength(1);
  });

  test("into a node: only answers, then nothing", () => {
    const lines = chain("FWD").filter((l) => l.includes(" -o dkabb+") && !l.includes(" -i "));
    expect(lines.map((l) => l.split(" ").at(-1))).toEqual(["ACCEPT", "DROP"]);
    expect(lines[0]).toContain("ESTABLISHED,RELATED");
  });

  test("what passes a host end: drops of DHCP servers come before accepts, a drop comes last", () => {
    const lines = /chain port \{([^}]*)\}/.exec(spoofRules("ab"))![1]!.trim().split("\n");
    order(lines, /sport 67 drop/, /accept$/);
    expect(lines.at(-1)!.trim()).toBe("drop");
    // Each accept names the host end, its MAC and its address.
    for (const line of lines.filter((l) => l.endsWith("accept")))
      expect(line).toMatch(/iifname \. (ether saddr|arp saddr ether) \. (arp |ip )saddr/);
  });

  test("nothing of it names a node, nothing touches the chains of the kernel or of others", () => {
    const rules = filterRules(facts).split("\n");
    for (const line of rules.filter((l) => /^[-:]/.test(l))) expect(line).toMatch(/^(:|-A )DOCKLET-ab-/);
    expect(
      setRules(facts)
        .split("\n")
        .filter(Boolean)
        .every((l) => l.includes("docklet-ab-")),
    ).toBe(true);
    expect(`${spoofRules("ab")}${hostRules("ab")}`).not.toMatch(/flush ruleset|delete/);
  });
});

test("iptables", () => {
  expect(filterRules(facts)).toMatchInlineSnapshot(`
    "*filter
    :DOCKLET-ab-IN - [0:0]
    :DOCKLET-ab-FWD - [0:0]
    -A DOCKLET-ab-IN -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
    -A DOCKLET-ab-IN -p icmp --icmp-type echo-request -m addrtype --dst-type LOCAL --limit-iface-in -m limit --limit 100/second -j ACCEPT
    -A DOCKLET-ab-IN -j DROP
    -A DOCKLET-ab-FWD -i dkabb+ -m conntrack --ctstate NEW -m connlimit --connlimit-above 8192 --connlimit-saddr -j DROP
    -A DOCKLET-ab-FWD -i dkabb+ -o dkabb+ -m physdev --physdev-is-bridged -j ACCEPT
    -A DOCKLET-ab-FWD -i dkabb+ -o dkabb+ -j DROP
    -A DOCKLET-ab-FWD -i dkabb+ -p udp --dport 4789 -j DROP
    -A DOCKLET-ab-FWD -i dkabb+ -m set --match-set docklet-ab-dns dst -p udp --dport 53 -j ACCEPT
    -A DOCKLET-ab-FWD -i dkabb+ -m set --match-set docklet-ab-dns dst -p tcp --dport 53 -j ACCEPT
    -A DOCKLET-ab-FWD -i dkabb+ -m set --match-set docklet-ab-deny dst -j DROP
    -A DOCKLET-ab-FWD -i dkabb+ -j ACCEPT
    -A DOCKLET-ab-FWD -o dkabb+ -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
    -A DOCKLET-ab-FWD -o dkabb+ -j DROP
    COMMIT
    *nat
    :DOCKLET-ab-NAT - [0:0]
    -A DOCKLET-ab-NAT -s 172.16.0.0/12 ! -d 172.16.0.0/12 ! -o dkabb+ -j MASQUERADE
    COMMIT
    "
  `);
});

test("sets are filled aside and swapped in", () => {
  expect(setRules(facts)).toMatchInlineSnapshot(`
    "create docklet-ab-deny hash:net family inet maxelem 65536
    create docklet-ab-deny-next hash:net family inet maxelem 65536
    flush docklet-ab-deny-next
    add docklet-ab-deny-next 127.0.0.0/8
    add docklet-ab-deny-next 10.0.0.0/8
    swap docklet-ab-deny-next docklet-ab-deny
    destroy docklet-ab-deny-next
    create docklet-ab-dns hash:ip family inet
    create docklet-ab-dns-next hash:ip family inet
    flush docklet-ab-dns-next
    add docklet-ab-dns-next 10.0.0.53
    swap docklet-ab-dns-next docklet-ab-dns
    destroy docklet-ab-dns-next
    "
  `);
});

test("nft", () => {
  expect(spoofRules("ab")).toMatchInlineSnapshot(`
    "table bridge docklet_ab {
      set ok { type ifname . ether_addr . ipv4_addr; }
      set remote { type ifname . ether_addr . ipv4_addr; }
      set routers { type ifname . ether_addr; }
      set gates { type ifname . ether_addr; }
      chain door {
        ip daddr 169.254.213.1 ether daddr set 06:d1:00:00:00:01 meta pkttype set host
        accept
      }
      chain port {
        ether type ip udp sport 67 drop
        ether type ip ether daddr 06:d1:00:00:00:01 ip daddr != 169.254.213.1 drop
        ether type ip iifname . ether saddr . ip saddr @ok goto door
        ether type arp iifname . ether saddr . arp saddr ip @ok iifname . arp saddr ether . arp saddr ip @ok accept
        drop
      }
      chain tunnel {
        ether type ip udp sport 67 drop
        ether daddr & 01:00:00:00:00:00 != 00:00:00:00:00:00 drop
        ether daddr & ff:fe:00:00:00:00 == 06:d0:00:00:00:00 iifname . ether daddr != @gates drop
        ether type ip iifname . ether saddr . ip saddr @remote accept
        ether type arp iifname . ether saddr . arp saddr ip @remote iifname . arp saddr ether . arp saddr ip @remote accept
        ether type ip iifname . ether saddr @routers accept
        drop
      }
      chain entry {
        type filter hook prerouting priority -300; policy accept;
        iifname "dkabn*" jump port
        iifname "dkabv*" jump tunnel
      }
      chain leave {
        type filter hook postrouting priority 0; policy accept;
        oifname "dkabv*" ether saddr & ff:fe:00:00:00:00 == 06:d0:00:00:00:00 oifname . ether saddr != @gates drop
      }
    }
    "
  `);
  expect(hostRules("ab")).toMatchInlineSnapshot(`
    "table inet docklet_ab {
      set vnis {
        typeof @th,96,24
      }
      set peers {
        typeof @th,96,24 . ip saddr
      }
      chain entry {
        type filter hook prerouting priority -400; policy accept;
        iifname "dkabn*" drop
        iifname "dkabv*" drop
        iifname "dkabb*" meta nfproto ipv6 drop
      }
      chain underlay {
        type filter hook input priority -10; policy accept;
        udp dport 4789 @th,96,24 @vnis @th,96,24 . ip saddr != @peers drop
      }
    }
    "
  `);
});
