import { afterAll, beforeAll, expect, test } from "bun:test";
import { until } from "../../src/lib/retry.ts";
import { WORLD } from "../kit/lab.ts";
import type { LabHost } from "../kit/lab-host.ts";
import { forge, hex } from "./forge.ts";
import { type Node, onItsNetwork, owner, run, SETUP_MS, Stage, sh, TEST_MS } from "./stage.ts";
import { Watcher } from "./watcher.ts";

/** What a tenant can reach, as on one host, with two vclusters on the same two hosts and a third host beside them. */
const SOON = { timeoutMs: 30_000, firstMs: 5, maxMs: 50 };
/** What docklet and others listen on. */
const PORTS = [22, 53, 4789, 8000, 8080, 9000, 9001, 9100];
/** Takes every connection to these ports, on all addresses, and says who came. */
const OPEN = `
import selectors, socket, sys
s = selectors.DefaultSelector()
for port in map(int, sys.argv[1:]):
    s.register(socket.create_server(("", port), family=socket.AF_INET), selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in s.select():
        c, peer = key.fileobj.accept(); c.close(); print(key.fileobj.getsockname()[1], "from", peer[0], flush=True)
`;
/** Tries to connect to all of ADDRESS:PORT at once and prints those that answered. */
const KNOCK = `
import concurrent.futures as f, socket, sys
def knock(place):
    address, port = place.split(":")
    try: socket.create_connection((address, int(port)), 2).close(); return place
    except OSError: return None
with f.ThreadPoolExecutor(64) as pool: print(*filter(None, pool.map(knock, sys.argv[1:])))
`;

let stage: Stage;
let red: [Node, Node];
let blue: [Node, Node];
let [one, two, stranger]: LabHost[] = [];
const doors: { host: LabHost; child: Bun.Subprocess<"ignore", "pipe", "inherit">; said: string }[] = [];

beforeAll(async () => {
  stage = await Stage.set(["one", "two", "three"], ["one", "two"]);
  [one, two, stranger] = stage.lab.hosts;
  const vcs = [await stage.create(owner("ann"), "red", 2), await stage.create(owner("bob"), "blue", 2)];
  [red, blue] = (await Promise.all(vcs.map((v) => stage.nodes(v.id)))) as [[Node, Node], [Node, Node]];
  for (const host of stage.lab.hosts) doors.push(await open(host));
}, SETUP_MS);
afterAll(async () => {
  for (const d of doors) d.child.kill("SIGKILL");
  await stage?.strike();
}, SETUP_MS);

async function open(host: LabHost) {
  const argv = ["setsid", ...host.enter("/usr/bin/python3", "-c", OPEN, ...PORTS.map(String))];
  const child = Bun.spawn(argv, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const door = { host, child, said: "" };
  void (async () => {
    const text = new TextDecoder();
    for await (const chunk of child.stdout) door.said += text.decode(chunk, { stream: true });
  })();
  await until(`ports of ${host.name}`, () => door.said.startsWith("ready"), SOON);
  return door;
}

const knock = async (enter: string[], places: string[]) => {
  const r = await run([...enter, "/usr/bin/python3", "-c", KNOCK, ...places]);
  return r.out.trim().split(" ").filter(Boolean);
};
const on = (addresses: string[]) => addresses.flatMap((a) => PORTS.map((p) => `${a}:${p}`));

test(
  "no port of any host answers a node, at none of its addresses, whichever host the node is on",
  async () => {
    const addresses = [
      ...[one!, two!, stranger!].map((h) => h.address),
      red[0].gateway.address,
      blue[0].gateway.address,
    ];
    for (const n of [...red, blue[1]]) expect(await knock(onItsNetwork(n), on(addresses))).toEqual([]);
    expect(doors.map((d) => d.said)).toEqual(["ready\n", "ready\n", "ready\n"]);
    // They do answer: a host to another, and the world to a node.
    expect(await knock(one!.enter(), on([two!.address]))).toHaveLength(PORTS.length);
    expect(await knock(onItsNetwork(red[1]), [`${WORLD}:80`])).toEqual([`${WORLD}:80`]);
  },
  TEST_MS,
);

test(
  "somebody else's vcluster is out of reach on the own host and on the other, also by routes and addresses of one's own",
  async () => {
    for (const n of blue) await sh(n, "nc -ll -p 7777 -e echo blue >/dev/null 2>&1 &\ntrue");
    for (const n of blue) {
      const hears = async () => (await knock(onItsNetwork(n), [`${n.address}:7777`])).length === 1;
      await until("blue to listen", hears, SOON);
    }
    expect(await knock(onItsNetwork(blue[0]), [`${blue[1].address}:7777`])).toHaveLength(1);
    const targets = blue.map((n) => `${n.address}:7777`);
    for (const n of red) {
      const theirs = async () => {
        const pings = await Promise.all(
          blue.map((b) => run(onItsNetwork(n, "ping", "-c", "1", "-W", "1", b.address)).then((r) => r.code)),
        );
        return [await knock(onItsNetwork(n), targets), pings.filter((code) => code === 0)];
      };
      expect(await theirs()).toEqual([[], []]);
      const lines = blue.flatMap((b) => [
        `ip route replace ${b.address}/32 dev eth0`,
        `ip neigh replace ${b.address} lladdr ${n.gateway.mac} dev eth0 nud permanent`,
      ]);
      await run(onItsNetwork(n, "sh", "-c", lines.join(" && ")));
      expect(await theirs()).toEqual([[], []]);
      // Straight to its MAC, and with an address of its network.
      const straight = blue.map((b) => `ip neigh replace ${b.address} lladdr ${b.mac} dev eth0 nud permanent`);
      const address = blue[0].address.replace(/\d+$/, "60");
      await run(onItsNetwork(n, "sh", "-c", `${straight.join(" && ")} && ip addr add ${address}/26 dev eth0`));
      expect(await theirs()).toEqual([[], []]);
      const back = [`ip addr del ${address}/26 dev eth0`, "ip neigh flush nud permanent dev eth0"];
      await run(onItsNetwork(n, "sh", "-c", [...back, ...blue.map((b) => `ip route del ${b.address}/32`)].join("; ")));
    }
    for (const b of blue)
      expect((await run(onItsNetwork(b, "ip", "neigh"))).out).not.toMatch(new RegExp(red.map((n) => n.mac).join("|")));
    expect(await knock(onItsNetwork(red[0]), [`${red[1].address}:7777`])).toEqual([]);
    expect((await run(onItsNetwork(red[0], "ping", "-c", "1", "-W", "2", red[1].address))).code).toBe(0);
  },
  TEST_MS,
);

test(
  "VXLAN packets that a tenant makes with a host's own address never leave its host",
  async () => {
    const wires = [await Watcher.on(two!.enter(), "eth0"), await Watcher.on(stage.lab.inWorld(), "eth0")];
    const nodes = [await Watcher.on(onItsNetwork(red[1]), "eth0"), await Watcher.on(onItsNetwork(blue[1]), "eth0")];
    for (const [me, victim, other, src] of [
      [red[0], red[1], blue[1], one!.address],
      [blue[0], blue[1], red[1], one!.address],
      [blue[0], blue[1], red[1], stranger!.address],
      [blue[0], blue[1], red[1], red[0].address],
    ] as const) {
      const outer = { iface: "eth0", mac: red[0].mac, dst: red[0].gateway.mac, src };
      const sent = await forge({ enter: onItsNetwork(red[0]), run: "raw", to: two!.address, me, victim, other, outer });
      const honest = await forge({
        enter: one!.enter(),
        run: "proof",
        to: two!.address,
        me,
        victim,
        other,
        kinds: ["honest"],
      });
      await until("the honest frame", () => nodes.some((w) => w.saw(honest).includes("honest")), SOON);
      for (const w of nodes) expect(w.saw(sent)).toEqual([]);
    }
    for (const w of wires) expect(w.text).not.toContain(hex("docklet-lab-raw"));
    for (const w of [...wires, ...nodes]) await w.end();
  },
  TEST_MS,
);

test(
  "a host that is no member and fakes the address of one can speak for nodes of that one alone",
  async () => {
    const nodes = [await Watcher.on(onItsNetwork(red[1]), "eth0"), await Watcher.on(onItsNetwork(blue[1]), "eth0")];
    const [{ address: dst }] = JSON.parse(await two!.run("ip", "-json", "link", "show", "eth0")) as [
      { address: string },
    ];
    const [{ address: mac }] = JSON.parse(await stranger!.run("ip", "-json", "link", "show", "eth0")) as [
      { address: string },
    ];
    const from = (src: string, mark: string) =>
      forge({
        ...{ enter: stranger!.enter(), run: mark, to: two!.address, me: red[0], victim: red[1], other: blue[1] },
        outer: { iface: "eth0", mac, dst, src },
      });
    const nobody = await from("10.99.0.1", "nobody");
    const faked = await from(one!.address, "faked");
    // VXLAN has no cryptography: this is why hosts belong into a network where addresses can't be faked.
    await until("what looks like the member's", () => nodes[0]!.saw(faked).includes("honest"), SOON);
    await Bun.sleep(200);
    expect(nodes[0]!.saw(faked)).toEqual(["honest"]);
    expect(nodes[0]!.saw(nobody)).toEqual([]);
    for (const sent of [nobody, faked]) expect(nodes[1]!.saw(sent)).toEqual([]);
    for (const w of nodes) await w.end();
  },
  TEST_MS,
);
