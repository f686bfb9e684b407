import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { until } from "../../src/lib/retry.ts";
import { Outside } from "./outside.ts";
import { hostAddresses, type Node, onItsNetwork, SETUP_MS, Stage, TEST_MS } from "./stage.ts";

/** Whom a node can talk to: the internet, the name servers and its own gateway's ping. Nobody else. */
let outside: Outside;
let stage: Stage;
let red: Node;
let peer: Node;
let blue: Node;
/** Listens on every address of the host, both families, and counts who gets through. */
let open: Bun.TCPSocketListener;
const visitors: string[] = [];
const SOON = { timeoutMs: 60_000 };
const ping = (address: string) => `ping -c 1 -W 1 ${address}`;
const tcp = (address: string, port: number | string) => `nc -w 2 ${address} ${port} </dev/null`;

beforeAll(async () => {
  outside = await Outside.add();
  stage = await Stage.set({ DNS_SERVERS: outside.server });
  red = await stage.node(stage.alice, "red");
  peer = await stage.node(stage.alice, "red", "host-1");
  blue = await stage.node(stage.bob, "blue");
  open = Bun.listen({
    hostname: "::",
    port: 0,
    socket: {
      open(s) {
        visitors.push(s.remoteAddress);
        s.end("open\n");
      },
      data() {},
    },
  });
}, SETUP_MS);

afterAll(async () => {
  open?.stop(true);
  await outside?.remove();
  await stage?.strike();
}, SETUP_MS);

test(
  "the internet, the name servers, the own gateway and the own vcluster answer",
  async () => {
    const r = await stage.tries(red, {
      world: tcp(outside.world, 80),
      worldPing: ping(outside.world),
      dnsTcp: tcp(outside.server, 53),
      dnsUdp: `nslookup example.org ${outside.server}; true`,
      gateway: ping(red.gateway),
      peer: ping(peer.address),
      resolv: "cat /run/docklet/resolv.conf",
    });
    expect(r.world.out).toBe("hello 80");
    expect(r.worldPing.code).toBe(0);
    expect(r.dnsTcp.out).toBe("hello 53");
    expect(r.gateway.code).toBe(0);
    expect(r.peer.code).toBe(0);
    expect(r.resolv.out).toContain(`nameserver ${outside.server}`);
    // The world sees the host, never a tenant's address.
    const link = outside.server.replace(/\d+$/, (n) => String(Number(n) - 1));
    expect(outside.heard()).toContain(`udp 53 from ${link}`);
    expect([...new Set(outside.heard().map((l) => l.split(" from ")[1]!))]).toEqual([link]);
  },
  TEST_MS,
);

test(
  "no address of the host answers: no ping, no ARP, no port of docklet or of anybody on it",
  async () => {
    const { NGINX_PORT, PROXY_PORT, MASTER_PORT, WORKER_PORT, USER_PORT } = stage.docklet.settings;
    const addresses = hostAddresses().filter((a) => !a.startsWith("127."));
    expect(addresses).toContain(blue.gateway);
    const scripts: Record<string, string> = {};
    for (const a of addresses) {
      if (a !== red.gateway) {
        scripts[`ping ${a}`] = ping(a);
        scripts[`arp ${a}`] = `arping -c 1 -w 1 -I eth0 ${a}`;
      }
      for (const p of [NGINX_PORT, PROXY_PORT, MASTER_PORT, WORKER_PORT, USER_PORT, open.port, 22, 53])
        scripts[`tcp ${a} ${p}`] = tcp(a, p!);
    }
    const r = await stage.tries(red, scripts);
    const through = Object.entries(r).filter(([, x]) => x.code === 0);
    expect(through).toEqual([]);
    expect(visitors).toEqual([]);
    // The very same sockets do answer to the host itself.
    expect((await fetch(`http://${red.gateway}:${NGINX_PORT}/healthz`)).status).toBe(200);
    expect((await stage.sh(red, `arping -c 1 -w 2 -I eth0 ${red.gateway}`)).code).toBe(0);
  },
  TEST_MS,
);

test(
  "loopback, the unix sockets and IPv6 of the host are out of reach",
  async () => {
    const { NGINX_PORT } = stage.docklet.settings;
    const link = linkLocal(red.bridge);
    const r = await stage.tries(red, {
      loopback: tcp("127.0.0.1", NGINX_PORT!),
      socket: `test -e ${stage.docklet.socket}`,
      abstract: "grep -c @ /proc/net/unix",
      allNodes: "ping -6 -c 2 -W 1 ff02::1%eth0",
      allRouters: "ping -6 -c 1 -W 1 ff02::2%eth0",
      v6: `ip -6 addr add fd00:dead::2/64 dev eth0; ip -6 route add default dev eth0; nc -w 2 fd00:dead::1 ${NGINX_PORT} </dev/null`,
    });
    expect(link).toEqual([]);
    expect(r.loopback.code).not.toBe(0);
    expect(r.socket.code).not.toBe(0);
    // LXC's own command sockets are abstract ones of the host's network namespace.
    expect(r.abstract.out).toBe("0");
    expect(r.allNodes.out).not.toContain("from fe80::fc");
    expect(r.allNodes.out).toMatch(/\b0 packets received|100% packet loss|DUP|bytes from/);
    expect(r.allRouters.code).not.toBe(0);
    expect(r.v6.code).not.toBe(0);
    expect(visitors).toEqual([]);
  },
  TEST_MS,
);

test(
  "another person's vcluster does not exist: no ping, no ARP, no port, no neighbour, not by a route of its own",
  async () => {
    await stage.sh(blue, "nc -ll -p 7777 -e echo blue >/dev/null 2>&1 &\ntrue");
    await until(
      "blue to listen",
      async () => (await stage.sh(blue, "nc -w 2 127.0.0.1 7777 </dev/null")).out === "blue\n",
      SOON,
    );
    const attack = {
      ping: ping(blue.address),
      tcp: tcp(blue.address, 7777),
      gateway: ping(blue.gateway),
      arp: `arping -c 1 -w 1 -I eth0 ${blue.address}`,
      ssh: tcp(blue.address, 22),
    };
    const before = await stage.tries(red, attack);
    expect(Object.values(before).filter((x) => x.code === 0)).toEqual([]);
    await stage.sh(
      red,
      `ip route add ${blue.gateway}/32 dev eth0; ip route add ${blue.address}/32 dev eth0; ip neigh replace ${blue.address} lladdr ${gatewayMac(red)} dev eth0`,
    );
    const routed = await stage.tries(red, attack);
    expect(Object.values(routed).filter((x) => x.code === 0)).toEqual([]);
    await stage.sh(red, `ip addr add ${blue.gateway.replace(/\d+$/, "9")}/26 dev eth0`);
    const readdressed = await stage.tries(red, attack);
    expect(Object.values(readdressed).filter((x) => x.code === 0)).toEqual([]);
    expect(onItsNetwork(blue, "ip", "neigh")).not.toContain(red.mac);
  },
  TEST_MS,
);

test(
  "the metadata service, link-local addresses and the host's own networks are denied, the latter also when they come later",
  async () => {
    const later = outside.attachLater();
    const r = await stage.tries(red, {
      metadata: tcp("169.254.169.254", 80),
      standIn: tcp(outside.metadata, 80),
      standInPing: ping(outside.metadata),
      // The name server's host is on a network of the host: its name service may be asked and nothing else.
      serverWeb: tcp(outside.server, 80),
      serverPing: ping(outside.server),
      broadcast: "ping -c 1 -W 1 255.255.255.255",
      multicast: "ping -c 2 -W 1 224.0.0.1",
    });
    expect(Object.entries(r).filter(([, x]) => x.code === 0)).toEqual([]);
    await until("the new network to be denied", async () => (await stage.sh(red, tcp(later, 80))).code !== 0, SOON);
    expect(outside.heard().filter((l) => l.startsWith("tcp 80")).length).toBeGreaterThan(0);
    expect((await stage.sh(red, tcp(outside.world, 80))).out).toBe("hello 80\n");
  },
  TEST_MS,
);

test(
  "a node that floods connections gets its share of the host's connection table, and the neighbour still gets out",
  async () => {
    const flood = `
import socket, os
os.setpgid(0, 0)
s = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(40)]
for i in range(15000):
    s[i % 40].sendto(b"x", ("${outside.world}", 1024 + i // 40))
`;
    onItsNetwork(red, "/usr/bin/python3", "-c", flood);
    const mine = Number(
      Bun.spawnSync(["sh", "-c", `grep -c "src=${red.address} " /proc/net/nf_conntrack || true`]).stdout.toString(),
    );
    expect(mine).toBeGreaterThan(1000);
    expect(mine).toBeLessThan(9000);
    expect((await stage.sh(red, tcp(outside.world, 80))).code).not.toBe(0);
    expect((await stage.sh(blue, tcp(outside.world, 80))).out).toBe("hello 80\n");
    await stage.portalAnswers();
  },
  TEST_MS,
);

test(
  "before a node is plugged into its network, its end on the host speaks to nobody",
  async () => {
    await stage.docklet.root.patchImage({ params: { name: "mini" }, body: { warm: 1 } });
    const veth = await until("a warm node", () => unplugged(stage.docklet.tag), SOON);
    const note = `${stage.docklet.prefix}/local/live/${veth.slice(5)}/init.pid`;
    const warm = await until("its init", () => existsSync(note) && Number(readFileSync(note, "utf8")), SOON);
    const inside = (script: string) =>
      Bun.spawnSync(["nsenter", `--net=/proc/${warm}/ns/net`, "sh", "-c", script], { stdin: "ignore" });
    inside("ip link set eth0 up");
    const theirs = await until("the host end's address", () => linkLocal(veth)[0], SOON);
    await until("an own address", () => String(inside("ip -6 addr show dev eth0").stdout).includes("fe80"), SOON);
    expect(String(inside(`ping -6 -c 2 -W 1 ${theirs}%eth0`).stdout)).not.toContain("bytes from");
    inside("ip addr add 10.0.0.9/32 dev eth0; ip route add default dev eth0");
    const knock = (address: string) =>
      inside(`exec /usr/bin/python3 -c 'import socket; socket.create_connection(("${address}", ${open.port}), 2)'`);
    for (const address of [`${theirs}%eth0`, red.gateway]) expect(knock(address).exitCode).not.toBe(0);
    expect(visitors).toEqual([]);
    await stage.docklet.root.patchImage({ params: { name: "mini" }, body: { warm: 0 } });
  },
  TEST_MS,
);

const gatewayMac = (n: Node) =>
  ["06", "d0", ...n.gateway.split(".").map((x) => Number(x).toString(16).padStart(2, "0"))].join(":");

/** IPv6 addresses of an interface of the host. */
function linkLocal(ifname: string): string[] {
  const text = String(Bun.spawnSync(["ip", "-6", "-o", "addr", "show", "dev", ifname]).stdout);
  return [...text.matchAll(/inet6 ([0-9a-f:]+)\//g)].map((m) => m[1]!);
}

/** The host end of a node that is on no bridge. */
function unplugged(tag: string): string | null {
  const all = JSON.parse(String(Bun.spawnSync(["ip", "-json", "link", "show"]).stdout)) as {
    ifname: string;
    master?: string;
  }[];
  return all.find((l) => l.ifname.startsWith(`dk${tag}n`) && !l.master)?.ifname ?? null;
}
