import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { until } from "../../src/lib/retry.ts";
import { DOOR } from "../../src/worker/network/firewall.ts";
import { WORLD } from "../kit/lab.ts";
import type { LabHost } from "../kit/lab-host.ts";
import { forge as forgeFrames, hex } from "./forge.ts";
import { type Node, onItsNetwork, owner, run, SETUP_MS, Stage, sh, TEST_MS } from "./stage.ts";
import { Watcher } from "./watcher.ts";

/** Two vclusters on the same two hosts; a third host is on the same network and has nothing to do with either. */
const PYTHON = "/usr/bin/python3";
const FRAMES = join(import.meta.dir, "../attack/frames.py");
const TRANSFER = join(import.meta.dir, "transfer.py");
const SOON = { timeoutMs: 30_000, firstMs: 5, maxMs: 50 };

let stage: Stage;
let red: [Node, Node];
let blue: [Node, Node];
let [one, two, stranger]: LabHost[] = [];

beforeAll(async () => {
  stage = await Stage.set(["one", "two", "three"], ["one", "two"]);
  [one, two, stranger] = stage.lab.hosts;
  const vcs = [await stage.create(owner("ann"), "red", 2), await stage.create(owner("bob"), "blue", 2)];
  [red, blue] = (await Promise.all(vcs.map((v) => stage.nodes(v.id)))) as [[Node, Node], [Node, Node]];
}, SETUP_MS);
afterAll(() => stage?.strike(), SETUP_MS);

const ping = (from: Node, to: string, ...more: string[]) =>
  run(onItsNetwork(from, "ping", "-c", "1", "-W", "2", ...more, to));
const reaches = async (from: Node, to: string) => (await ping(from, to)).code === 0;
const asks = (from: Node) => run(onItsNetwork(from, "wget", "-q", "-T", "2", "-t", "1", "-O", "-", `http://${WORLD}/`));
const take = (node: Node, port: number) =>
  run(onItsNetwork(node, "timeout", "60", PYTHON, TRANSFER, "take", String(port)));
const listening = (node: Node, port: number) =>
  until(
    "the taker to listen",
    async () => (await run(onItsNetwork(node, "ss", "-Hltn"))).out.includes(`:${port} `),
    SOON,
  );
const mtuOf = (text: string) => [...text.matchAll(/ mtu (\d+)/g)].map((m) => Number(m[1]));

describe("one network", () => {
  test("a vcluster's nodes are on both hosts, and reach each other by name, both ways", async () => {
    expect([...red, ...blue].map((n) => n.host.name)).toEqual(["one", "two", "one", "two"]);
    for (const [a, b] of [red, blue]) {
      expect(await sh(a, "ping -c 1 -W 2 host-1 >/dev/null && echo there")).toEqual({ code: 0, out: "there\n" });
      expect(await sh(b, "ping -c 1 -W 2 host-0 >/dev/null && echo there")).toEqual({ code: 0, out: "there\n" });
    }
  });

  test("a ping of 1400 bytes that may not be cut to pieces gets through, and all links know what does not", async () => {
    expect((await ping(red[0], red[1].address, "-M", "do", "-s", "1400")).code).toBe(0);
    expect((await ping(red[1], red[0].address, "-M", "do", "-s", "1422")).code).toBe(0);
    expect((await ping(red[0], red[1].address, "-M", "do", "-s", "1423")).out).toContain("mtu=1450");
    for (const n of red) {
      expect(mtuOf((await run(onItsNetwork(n, "ip", "link", "show", "eth0"))).out)).toEqual([1450]);
      const l = n.host.layout;
      const links = (await n.host.run("ip", "-o", "link")).split("\n").filter((x) => x.includes(`: dk${n.host.tag}`));
      // On each host: two bridges, two tunnels, two host ends.
      expect(links.map((x) => mtuOf(x)[0])).toEqual(Array(6).fill(1450));
      expect(links.some((x) => x.includes(l.tunnel(n.vcluster)))).toBe(true);
    }
  });

  test(
    "hundreds of megabytes from a node to one on another host arrive as they were sent",
    async () => {
      const taken = take(red[1], 5000);
      await listening(red[1], 5000);
      const given = await run(onItsNetwork(red[0], PYTHON, TRANSFER, "give", red[1].address, "5000", "256"));
      expect(given).toMatchObject({ code: 0, out: expect.stringMatching(/^268435456 [0-9a-f]{64}\n$/) });
      expect(await taken).toEqual(given);
    },
    TEST_MS,
  );

  test("nothing is learned from packets and nothing is flooded: all is written down", async () => {
    for (const [i, here] of [one!, two!].entries()) {
      const tunnel = here.layout.tunnel(red[0].vcluster);
      const [far] = red.filter((n) => n.host !== here);
      const fdb = JSON.parse(await here.run("bridge", "-json", "fdb", "show", "dev", tunnel)) as Record<
        string,
        unknown
      >[];
      const entries = fdb.filter((e) => e.mac === far!.mac);
      expect(entries).toContainEqual(expect.objectContaining({ dst: red[1 - i]!.host.address, state: "permanent" }));
      expect(entries).toContainEqual(expect.objectContaining({ state: "static", flags: ["sticky"] }));
      expect(fdb.filter((e) => e.state !== "permanent" && e.state !== "static")).toEqual([]);
      const link = await here.run("ip", "-d", "link", "show", tunnel);
      expect(link).toMatch(/ nolearning .*proxy|proxy .*nolearning/);
      expect(link).toMatch(/ learning off flood off .*mcast_flood off/);
    }
  });

  test(
    "a node that is added is known on the other host within a second, and one that goes is forgotten",
    async () => {
      const vc = await stage.create(owner("cat"), "green", 1);
      const worker = stage.workers.get("one")!;
      const began = performance.now();
      const bigger = stage.scale(vc.id, 3);
      const far = await until(
        "the tunnel to the new node",
        async () => {
          const member = worker.orders.findLast((o) => o.id === vc.id)?.network.members[0];
          if (!member) return null;
          const fdb = await one!.run("bridge", "fdb", "show", "dev", one!.layout.tunnel(vc.id)).catch(() => "");
          return fdb.includes(`${member.mac} dst ${member.host}`) ? member : null;
        },
        { timeoutMs: 10_000, firstMs: 5, maxMs: 10 },
      );
      expect(performance.now() - began).toBeLessThan(1000);
      expect(far.host).toBe(two!.address);
      await bigger;
      const nodes = await stage.nodes(vc.id);
      const others = nodes.filter((n) => n.host === two);
      expect(others.length).toBeGreaterThan(0);
      for (const n of others) expect(await reaches(nodes[0]!, n.address)).toBe(true);
      await stage.scale(vc.id, 1);
      await until(
        "the tunnel to be gone",
        async () => !(await one!.run("ip", "-o", "link")).includes(`v${vc.id}`),
        SOON,
      );
      expect(await one!.run("nft", "list", "ruleset")).not.toContain(one!.layout.tunnel(vc.id));
      await stage.remove(vc.id);
    },
    TEST_MS,
  );

  test(
    "a worker that is killed and comes back cuts no connection, and leaves the tunnel as it is",
    async () => {
      const worker = stage.workers.get("two")!;
      const pinger = Bun.spawn(onItsNetwork(red[0], "ping", "-i", "0.05", "-W", "1", red[1].address), {
        stdout: "pipe",
      });
      const index = () => two!.run("ip", "-o", "link", "show", two!.layout.tunnel(red[0].vcluster));
      const before = await index();
      const told = worker.orders.length;
      await worker.kill();
      await worker.up();
      stage.master.attachWorker("two", worker.api);
      await until("all hosts", async () => (await stage.master.api.hosts()).every((h) => h.state === "ready"), SOON);
      // Both sides compared what they know, and it is the same.
      expect(worker.orders.length).toBe(told);
      expect(await index()).toBe(before);
      pinger.kill("SIGINT");
      expect(await new Response(pinger.stdout).text()).toContain(" 0% packet loss");
    },
    TEST_MS,
  );
});

describe("nobody gets in or out", () => {
  test(
    "from a node: no other vcluster, no host, whichever host they are on",
    async () => {
      const targets = [blue[0].address, blue[1].address, blue[0].gateway.address, one!.address, two!.address];
      targets.push(stranger!.address);
      const got = await Promise.all(targets.map((t) => reaches(red[0], t)));
      expect(got).toEqual(targets.map(() => false));
      // It is not that they would not answer.
      expect(await reaches(blue[0], blue[1].address)).toBe(true);
      expect(await reaches(red[0], red[0].gateway.address)).toBe(true);
    },
    TEST_MS,
  );

  test(
    "of all the frames that a node forges, the other host gets only what is honest",
    async () => {
      const watchers = {
        peer: await Watcher.on(onItsNetwork(red[1]), "eth0"),
        bridge: await Watcher.on(two!.enter(), two!.layout.bridge(red[1].vcluster)),
        wire: await Watcher.on(two!.enter(), two!.layout.tunnel(red[1].vcluster)),
        blue: await Watcher.on(onItsNetwork(blue[1]), "eth0"),
      };
      const facts = {
        iface: "eth0",
        port: 53,
        host: two!.address,
        me: { mac: red[0].mac, ip: red[0].address },
        victim: { mac: red[1].mac, ip: red[1].address },
        gateway: { mac: red[0].gateway.mac, ip: red[0].gateway.address },
        other: { ip: blue[1].address, gateway: blue[1].gateway.address },
      };
      const r = await run(onItsNetwork(red[0], PYTHON, FRAMES, "send", JSON.stringify(facts)));
      const sent = JSON.parse(r.out.trim().split("\n").at(-1)!) as Record<string, string>;
      // On one wire: once the last of those that may come is there, whatever could come has come.
      await until("the honest frames", () => watchers.peer.saw(sent).includes("honest"), SOON);
      await Bun.sleep(200);
      expect(watchers.peer.saw(sent)).toEqual(["honest"]);
      // ARP is answered on the asking node's own host: none of it crosses.
      expect(watchers.wire.saw(sent)).toEqual(["honest"]);
      expect(watchers.bridge.saw(sent)).toEqual([]);
      expect(watchers.blue.text).not.toContain(hex("docklet-attack"));
      for (const w of Object.values(watchers)) await w.end();
    },
    TEST_MS,
  );

  test(
    "what a member host sends by a tunnel is taken only in the name of a node that is there",
    async () => {
      const w = { peer: await Watcher.on(onItsNetwork(red[1]), "eth0"), world: await worldWatcher() };
      const sent = await forge(one!.enter(), { run: "member" });
      await until("the honest frame", () => w.peer.saw(sent).includes("honest"), SOON);
      await Bun.sleep(200);
      expect(w.peer.saw(sent)).toEqual(["honest"]);
      expect(w.world.text).not.toContain(hex("docklet-lab-member-out"));
      expect(await run(onItsNetwork(red[1], "ip", "neigh", "show", red[1].gateway.address))).not.toMatchObject({
        out: expect.stringContaining(red[0].mac),
      });
      for (const x of Object.values(w)) await x.end();
    },
    TEST_MS,
  );

  test(
    "a host that is no member can send what it likes, and so can a tenant: nothing arrives",
    async () => {
      const w = [await Watcher.on(onItsNetwork(red[1]), "eth0"), await Watcher.on(onItsNetwork(blue[1]), "eth0")];
      const wire = await Watcher.on(two!.enter(), "eth0");
      const fromStranger = await forge(stranger!.enter(), { run: "stranger" });
      await until(
        "the stranger's packets to come to the host",
        () => wire.text.includes(hex("docklet-lab-stranger")),
        SOON,
      );
      // Into one's own vcluster, and into somebody else's.
      const own = await forge(onItsNetwork(red[0]), { run: "tenant" });
      const others = await forge(onItsNetwork(red[0]), { run: "thief" }, blue);
      // The tunnel works all the while.
      const honest = await forge(one!.enter(), { run: "proof", kinds: ["honest"] });
      await until("the honest frame", () => w[0]!.saw(honest).includes("honest"), SOON);
      for (const x of w) for (const sent of [fromStranger, own, others]) expect(x.saw(sent)).toEqual([]);
      expect(wire.text).not.toContain(hex("docklet-lab-tenant"));
      expect(wire.text).not.toContain(hex("docklet-lab-thief"));
      for (const x of [...w, wire]) await x.end();
    },
    TEST_MS,
  );

  test("behind its host's address no node speaks to port 4789 of anybody", async () => {
    const world = await worldWatcher();
    const say = (port: number, what: string) =>
      run(
        onItsNetwork(
          red[0],
          PYTHON,
          "-c",
          `import socket; socket.socket(2, 2).sendto(b"${what}", ("${WORLD}", ${port}))`,
        ),
      );
    await say(4789, "docklet-lab-4789");
    await say(4790, "docklet-lab-4790");
    await until("what is allowed", () => world.text.includes(hex("docklet-lab-4790")), SOON);
    expect(world.text).not.toContain(hex("docklet-lab-4789"));
    await world.end();
  });
});

describe("the way out", () => {
  test("distributed: each host is the gateway of its own nodes, with one address and one MAC", async () => {
    expect((await asks(red[0])).out).toBe(one!.address);
    expect((await asks(red[1])).out).toBe(two!.address);
    for (const n of red) {
      expect((await run(onItsNetwork(n, "ip", "neigh", "show", n.gateway.address))).out).toContain(n.gateway.mac);
    }
  });

  test(
    "one gateway for all: every node goes out by it, and a host still reaches its own nodes",
    async () => {
      await stage.rule("one");
      for (const w of ["one", "two"])
        await until(
          `host ${w} to follow`,
          () =>
            stage.workers.get(w)!.orders.findLast((o) => o.id === red[0].vcluster)?.network.gatewayHost ===
            one!.address,
          SOON,
        );
      await until("the far node to go out by the gateway", async () => (await asks(red[1])).out === one!.address, SOON);
      expect((await asks(red[0])).out).toBe(one!.address);
      const address = await two!.run("ip", "-o", "-4", "addr", "show", two!.layout.bridge(red[1].vcluster));
      expect(address).not.toContain(red[1].gateway.address);
      expect(await reaches(red[1], red[1].gateway.address)).toBe(true);
      expect(await reaches(red[0], red[1].address)).toBe(true);
      expect(await reaches(red[1], blue[1].address)).toBe(false);
      expect(await reaches(red[1], two!.address)).toBe(false);
      // The worker's own way to its nodes: readiness and the relay.
      const taken = take(red[1], 5001);
      await listening(red[1], 5001);
      const given = await two!.run(PYTHON, TRANSFER, "give", red[1].address, "5001", "4");
      expect((await taken).out).toBe(given);
      // No way past the gateway by the door of the own host.
      const sneak = `ip neigh replace ${red[1].gateway.address} lladdr ${DOOR.mac} dev eth0 nud permanent`;
      await run(onItsNetwork(red[1], "sh", "-c", sneak));
      expect((await asks(red[1])).code).not.toBe(0);
      await run(onItsNetwork(red[1], "ip", "neigh", "del", red[1].gateway.address, "dev", "eth0"));
      expect((await asks(red[1])).out).toBe(one!.address);
    },
    TEST_MS,
  );

  test(
    "a vcluster whose only node is elsewhere has its gateway too, until it is gone",
    async () => {
      const fill = await stage.create(owner("dan"), "fill", 1);
      // A person's first node goes where their folder is: so this is somebody else.
      const vc = await stage.create(owner("eve"), "lone", 1);
      const all = [...(await stage.nodes(fill.id)), ...(await stage.nodes(vc.id))];
      const lone = all.find((n) => n.host === two)!;
      expect((await asks(lone)).out).toBe(one!.address);
      const bridge = one!.layout.bridge(lone.vcluster);
      expect(await one!.run("ip", "-o", "link")).toContain(bridge);
      await stage.remove(vc.id);
      await stage.remove(fill.id);
      await until("its bridge to go", async () => !(await one!.run("ip", "-o", "link")).includes(bridge), SOON);
    },
    TEST_MS,
  );

  test(
    "and back: each host is the gateway of its own again",
    async () => {
      await stage.rule(null);
      await until(
        "the far node to go out by its own host",
        async () => (await asks(red[1])).out === two!.address,
        SOON,
      );
      expect((await asks(red[0])).out).toBe(one!.address);
    },
    TEST_MS,
  );
});

const worldWatcher = () => Watcher.on(stage.lab.inWorld(), "eth0");

/** Sends forged packets to host two, into the tunnel of a vcluster, as from its node on host one. */
const forge = (enter: string[], more: { run: string; kinds?: string[] }, [me, victim]: [Node, Node] = red) =>
  forgeFrames({ enter, to: two!.address, me, victim, other: (me === red[0] ? blue : red)[1], ...more });
