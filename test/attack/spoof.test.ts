import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { until } from "../../src/lib/retry.ts";
import { gatewayMac } from "../../src/worker/network/bridges.ts";
import { hostAddresses, type Node, onItsNetwork, SETUP_MS, Stage, TEST_MS } from "./stage.ts";

/**
 * Forged frames. They are made by scapy on the host, in the network namespace of the attacking node: its root could
 * send just these, with a raw socket and any tool. Watchers stand on the host's bridge and in other nodes.
 */
const PYTHON = "/usr/bin/python3";
const FRAMES = join(import.meta.dir, "frames.py");
const SOON = { timeoutMs: 60_000 };

let stage: Stage;
let red: Node;
let peer: Node;
let hostAddress: string;
let blue: Node;
let sent: Record<string, string>;
const watchers: Record<string, Watcher> = {};
const arrivals: string[] = [];
let socket: Bun.udp.Socket<"buffer">;

class Watcher {
  text = "";
  readonly #child: Bun.Subprocess<"ignore", "pipe", "inherit">;

  constructor(namespaceOf: Node | null, iface: string) {
    const enter = namespaceOf ? ["nsenter", `--net=/proc/${namespaceOf.pid}/ns/net`] : [];
    this.#child = Bun.spawn([...enter, PYTHON, FRAMES, "watch", iface], { stdin: "ignore", stdout: "pipe" });
    void this.#read();
  }

  async #read(): Promise<void> {
    const text = new TextDecoder();
    for await (const chunk of this.#child.stdout) this.text += text.decode(chunk);
  }

  /** Kinds of what was sent that arrived here. A frame may come with padding behind it. */
  saw(): string[] {
    const lines = this.text.split("\n");
    return Object.keys(sent).filter((kind) => lines.some((l) => l.startsWith(sent[kind]!)));
  }

  async end(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }
}

beforeAll(async () => {
  stage = await Stage.set();
  red = await stage.node(stage.alice, "red");
  peer = await stage.node(stage.alice, "red", "host-1");
  blue = await stage.node(stage.bob, "blue");
  socket = await Bun.udpSocket({
    hostname: "0.0.0.0",
    socket: { data: (_s, data, port, from) => void arrivals.push(`${from}:${port} ${data}`) },
  });
  watchers.bridge = new Watcher(null, red.bridge);
  watchers.otherBridge = new Watcher(null, blue.bridge);
  watchers.peer = new Watcher(peer, "eth0");
  watchers.self = new Watcher(red, "eth0");
  watchers.blue = new Watcher(blue, "eth0");
  for (const [name, w] of Object.entries(watchers))
    await until(`watcher ${name}`, () => w.text.startsWith("ready"), SOON);
  // So that both know where everybody is, as in a network that is in use.
  for (const to of [peer.address, red.gateway]) await stage.sh(red, `ping -c 1 ${to}`);
  await stage.sh(peer, `ping -c 1 ${peer.gateway}`);
  hostAddress = hostAddresses().find((a) => !a.startsWith("127.") && a !== red.gateway && a !== blue.gateway)!;
  const facts = {
    iface: "eth0",
    port: socket.port,
    host: hostAddress,
    me: { mac: red.mac, ip: red.address },
    victim: { mac: peer.mac, ip: peer.address },
    gateway: { mac: gatewayMac(red.gateway), ip: red.gateway },
    other: { ip: blue.address, gateway: blue.gateway },
  };
  sent = JSON.parse(onItsNetwork(red, PYTHON, FRAMES, "send", JSON.stringify(facts))) as Record<string, string>;
  // They left in one order on one wire: once the last honest one is there, whatever could come has come.
  await until("the honest frames to arrive", () => watchers.peer!.saw().includes("honest"), SOON);
  await until("those to the gateway to arrive", () => watchers.bridge!.saw().includes("redirect"), SOON);
}, SETUP_MS);

afterAll(async () => {
  for (const w of Object.values(watchers)) await w.end();
  socket?.close();
  await stage?.strike();
}, SETUP_MS);

test("of all that a node forges, its neighbour gets only what is honest", () => {
  expect(watchers.peer!.saw()).toEqual(["honest", "honest-arp"]);
});

test("the host's bridge gets only frames with the node's own MAC and address", () => {
  expect(watchers.bridge!.saw().sort()).toEqual(
    [
      "honest-arp",
      "to-loopback",
      "to-host",
      "to-gateway",
      "to-other",
      "to-other-gateway",
      "ack-to-host",
      "syn-ack-to-host",
      "source-route",
      "redirect",
    ].sort(),
  );
});

test("another vcluster gets nothing at all, not even what is honest", () => {
  const ours = (w: Watcher) =>
    w.text.split("\n").filter((l) => l.includes(hex(red.address)) || l.includes(red.mac.replaceAll(":", "")));
  expect(ours(watchers.blue!)).toEqual([]);
  expect(ours(watchers.otherBridge!)).toEqual([]);
  expect(watchers.blue!.text).not.toContain(Buffer.from("docklet-attack").toString("hex"));
});

test("no socket of the host hears of it, whatever source port or address it claims", () => {
  expect(arrivals).toEqual([]);
});

test("the host answers none of it: no reset, no port unreachable that would tell of an open port", () => {
  const answers = watchers.self!.text.split("\n").filter((l) => l.includes(`${hex(hostAddress)}${hex(red.address)}`));
  expect(answers).toEqual([]);
});

test("the neighbour still knows who its gateway is, and the host who the nodes are", async () => {
  const gw = gatewayMac(red.gateway);
  expect(onItsNetwork(peer, "ip", "neigh", "show", red.gateway)).toContain(gw);
  expect(onItsNetwork(peer, "ip", "-6", "route")).not.toContain("fd66");
  expect((await stage.sh(peer, `ping -c 1 -W 5 ${peer.gateway}`)).code).toBe(0);
  expect((await stage.sh(red, `ping -c 1 -W 5 ${peer.address}`)).code).toBe(0);
});

test(
  "a node that gives itself another MAC or address is alone until it takes its own back",
  async () => {
    const routes = `ip route add ${red.address.replace(/\d+$/, "0")}/26 dev eth0`;
    const mac = (to: string) => `ip link set eth0 down; ip link set eth0 address ${to}; ip link set eth0 up; ${routes}`;
    const address = (to: string) => `ip addr flush dev eth0; ip addr add ${to}/26 dev eth0`;
    const ping = (what: string) => `ping -c 1 -W 1 ${red.gateway} >/dev/null; echo ${what} $?`;
    const r = await stage.sh(
      red,
      [
        ...[mac(peer.mac), ping("mac"), mac(red.mac), ping("own")],
        ...[address(red.address.replace(/\d+$/, "40")), ping("address"), address(red.address), ping("back")],
      ].join("\n"),
    );
    expect(r.out.trim().split("\n")).toEqual(["mac 1", "own 0", "address 1", "back 0"]);
  },
  TEST_MS,
);

const hex = (address: string) =>
  address
    .split(".")
    .map((n) => Number(n).toString(16).padStart(2, "0"))
    .join("");
