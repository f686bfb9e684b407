import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { CAUSE, SIZE, WAIT } from "../../../test/kit/master-stage.ts";
import { MovingStage } from "../../../test/kit/moving-stage.ts";
import type { Vcluster } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { until } from "../../lib/retry.ts";

setDefaultTimeout(60_000);

let s: MovingStage;
beforeEach(async () => {
  s = new MovingStage();
  await s.up();
});
afterEach(async () => {
  s.audit();
  await s.down();
});

const first = (vc: Vcluster) => vc.nodes[0]!;

describe("a node that runs", () => {
  test("goes on elsewhere with what it wrote, also while it was copied; nothing is left behind", async () => {
    const vc = await s.madeOn("alpha", { nodes: 2 });
    const node = first(vc).id;
    s.write(node, "alpha", "before\n");
    let wrote = false;
    s.on("alpha").volumes.misbehave.sending = () => {
      if (!wrote) s.write(node, "alpha", "while it was copied\n");
      wrote = true;
    };
    const op = await s.move(vc, "beta", ["host-0"]);
    expect(op).toMatchObject({ kind: "vcluster.move", object: "web", state: "running", cancellable: true });
    expect((await s.api.vcluster(vc.id))!.operation).toBe(op.id);
    const over = await s.ended(op, "done");
    expect(over.steps.map((x) => [x.name, x.state])).toEqual([
      ["copy", "done"],
      ["move", "done"],
    ]);
    expect(await s.hostsOf(vc)).toEqual(["beta", "alpha"]);
    expect(await s.state(vc.id, "ready")).toMatchObject({ operation: null, reason: null });
    expect(s.content(node, "beta")).toBe("made on alpha\nbefore\nwhile it was copied\n");
    expect(s.on("alpha").nodes.has(node)).toBe(false);
    expect(s.content(node, "alpha")).toBeUndefined();
    await s.clean();
    // The other node was told where it is now: addresses, MAC and VNI are the same.
    const order = s.on("alpha").orders.at(-1)!;
    const moved = s.on("beta").orders.at(-1)!;
    expect(order.network.members).toEqual([
      { mac: moved.nodes[0]!.mac, address: first(vc).address!, host: "192.0.2.2" },
    ]);
    expect([moved.network.vni, moved.nodes[0]!.address]).toEqual([order.network.vni, first(vc).address!]);
    const told = (await s.api.events({ owner: "ann", object: "web", limit: 10 })).items.map((e) => e.message);
    expect(told.find((m) => m.startsWith("host-0 moved from alpha to beta, down for"))).toBeDefined();
  });

  test("is only stopped once the difference is small, and then only for that", async () => {
    const vc = await s.madeOn("alpha");
    const states: string[] = [];
    s.on("alpha").subscribe((r) => r.type === "node" && states.push(r.state));
    const sent: string[] = [];
    s.on("alpha").volumes.misbehave.sending = ({ volume, name }) => {
      if (volume.kind === "disk")
        sent.push(`${name.replace(/^m\d+/, "")} ${s.on("alpha").nodes.get(volume.id)!.state}`);
    };
    await s.ended(await s.move(vc), "done");
    expect(sent[0]).toBe("r0 ready");
    expect(sent.at(-1)).toBe("r1 stopped");
    expect(await s.hostsOf(vc)).not.toEqual(["alpha"]);
  });

  test("moves back and forth", async () => {
    const vc = await s.madeOn("alpha");
    for (const to of ["beta", "alpha", "gamma", "alpha"]) {
      await s.ended(await s.move(vc, to), "done");
      expect(await s.hostsOf(vc)).toEqual([to]);
      s.write(first(vc).id, to, `on ${to}\n`);
    }
    expect(s.content(first(vc).id, "alpha")).toBe("made on alpha\non beta\non alpha\non gamma\non alpha\n");
    await s.clean();
  });
});

test("a stopped vcluster moves and stays stopped; it starts where it is then", async () => {
  const vc = await s.madeOn("alpha", { nodes: 2 });
  await s.ended(await s.api.stop({ ...CAUSE, id: vc.id }), "done");
  s.write(first(vc).id, "alpha", "kept\n");
  await s.ended(await s.move(vc, "gamma"), "done");
  expect(await s.state(vc.id, "stopped")).toMatchObject({ desired: "stopped" });
  expect(await s.hostsOf(vc)).toEqual(["gamma", "gamma"]);
  expect(s.content(first(vc).id, "gamma")).toBe("made on alpha\nkept\n");
  await s.clean();
  await s.ended(await s.api.start({ ...CAUSE, id: vc.id }), "done");
  expect(s.on("gamma").nodes.get(first(vc).id)!.state).toBe("ready");
});

describe("refused, and nothing is begun:", () => {
  const refused = async (code: string, p: Promise<unknown>, text: string) => {
    const e = await p.then(
      () => null,
      (e: unknown) => e as DockletError,
    );
    expect([e?.code, e?.message, e?.hint] as unknown[]).toEqual([
      code,
      expect.stringContaining(text),
      expect.any(String),
    ]);
  };

  test("hosts and nodes that are not there, no room, labels, a move that is under way", async () => {
    const vc = await s.madeOn("alpha", { nodes: 2, size: { ...SIZE, memory: 200_000 } });
    await refused("not_found", s.move(vc, "nowhere"), "nowhere");
    await refused("not_found", s.move(vc, "beta", ["host-7"]), "host-7");
    s.on("beta").tell({ ...s.on("beta").host, capacity: { cpu: 1, memory: 2048, disk: 100 } });
    await until("small", async () => (await s.api.host("beta"))!.capacity.memory === 2048, WAIT);
    await refused("no_capacity", s.move(vc, "beta"), "beta");
    await s.api.patchHost({ ...CAUSE, name: "gamma", cordoned: true });
    await refused("no_capacity", s.move(vc, "gamma"), "cordoned");
    await refused("no_capacity", s.move(vc), "is where it is now");
    expect((await s.api.operations({ owner: null, active: true, limit: 5 })).items).toEqual([]);
    await s.api.patchHost({ ...CAUSE, name: "gamma", cordoned: false });
    const done = await s.move(vc, "alpha");
    expect(done).toMatchObject({ state: "done" });
    let letGo = () => {};
    s.on("alpha").volumes.misbehave.sending = () =>
      new Promise((resolve) => {
        letGo = resolve;
      });
    const op = await s.move(vc, "gamma");
    await refused("conflict", s.move(vc, "gamma"), "moved right now");
    await refused("conflict", s.api.stop({ ...CAUSE, id: vc.id }), "moved right now");
    await s.api.cancel(op.id, CAUSE);
    letGo();
    await s.ended(op, "cancelled");
  });

  test("what the vcluster wishes: apart, together", async () => {
    const apart = await s.made({ nodes: 2, name: "apart", placement: { nodes: "apart" } });
    const [a, b] = await s.hostsOf(apart);
    await refused("no_capacity", s.move(apart, b!, ["host-0"]), "has a node of this vcluster already");
    await s.ended(await s.move(apart, undefined, ["host-0"]), "done");
    expect(new Set([a, b, ...(await s.hostsOf(apart))]).size).toBe(3);
    const together = await s.made({ nodes: 2, name: "together", placement: { nodes: "together" } });
    await refused("no_capacity", s.move(together, undefined, ["host-0"]), "where the other nodes are");
    await s.ended(await s.move(together), "done");
    expect(new Set(await s.hostsOf(together)).size).toBe(1);
  });
});

describe("cancelled", () => {
  let letGo = () => {};
  let hung: Promise<void>;
  beforeEach(() => {
    hung = new Promise((resolve) => {
      letGo = resolve;
    });
  });
  /** How to make the move stop in a phase, and whether it is too late for going back. */
  const stops: [string, (node: string) => void][] = [
    ["layers", () => (s.on("alpha").layersOf = () => hung as never)],
    ["copying", () => (s.on("alpha").volumes.misbehave.sending = () => hung)],
    ["holding", () => (s.on("alpha").misbehave.silent = true)],
    ["last", (node) => (s.on("beta").volumes.misbehave.adopting = (p) => (p.volume.id === node ? hung : undefined))],
    ["switched", () => (s.on("beta").misbehave.silent = true)],
  ];
  for (const [phase, stop] of stops) {
    test(`while it is in the phase ${phase}: it runs where it was, with what it had`, async () => {
      const vc = await s.madeOn("alpha");
      const node = first(vc).id;
      s.write(node, "alpha", "precious\n");
      stop(node);
      const op = await s.move(vc, "beta");
      await s.reaches(node, phase);
      await s.api.cancel(op.id, CAUSE);
      letGo();
      s.on("alpha").misbehave.silent = false;
      s.on("beta").misbehave.silent = false;
      // What was said while it was silent is said again, as on a new connection.
      for (const w of ["alpha", "beta"]) {
        s.master.detachWorker(w);
        s.master.attachWorker(w, s.on(w));
      }
      await s.ended(op, "cancelled");
      await s.state(vc.id, "ready");
      expect(await s.hostsOf(vc)).toEqual(["alpha"]);
      expect(s.content(node, "alpha")).toBe("made on alpha\nprecious\n");
      await until("gone from beta", () => !s.on("beta").nodes.has(node) && !s.on("beta").volumes.disks.has(node), WAIT);
      Reflect.deleteProperty(s.on("alpha"), "layersOf");
      s.on("alpha").volumes.misbehave.sending = () => {};
      s.on("beta").volumes.misbehave.adopting = () => {};
      await s.clean();
      await s.ended(await s.move(vc, "beta"), "done");
      expect(s.content(node, "beta")).toBe("made on alpha\nprecious\n");
    });
  }
});

describe("a failure goes back to the source:", () => {
  const broken = () => {
    throw new DockletError("host_command", "the disk is broken");
  };
  const fails: [string, (node: string) => void][] = [
    ["the layers can't be told", () => (s.on("alpha").layersOf = broken)],
    ["the first picture can't be sent", () => (s.on("alpha").volumes.misbehave.sending = broken)],
    ["the target can't write", () => (s.on("beta").volumes.misbehave.taking = broken)],
    [
      "the last difference can't be sent",
      () => (s.on("alpha").volumes.misbehave.sending = (p) => (p.name.endsWith("r1") ? broken() : undefined)),
    ],
    [
      "the target can't adopt it",
      (node) => (s.on("beta").volumes.misbehave.adopting = (p) => (p.volume.id === node ? broken() : undefined)),
    ],
    [
      "it does not boot there",
      () => s.on("beta").misbehave.fail.set("host-0", { instead: "booting", reason: "the disk is broken" }),
    ],
    [
      "it does not become ready there",
      () => s.on("beta").misbehave.fail.set("host-0", { instead: "ready", reason: "the disk is broken" }),
    ],
  ];
  for (const [what, arrange] of fails) {
    test(what, async () => {
      const vc = await s.madeOn("alpha");
      const node = first(vc).id;
      s.write(node, "alpha", "precious\n");
      arrange(node);
      const op = await s.ended(await s.move(vc, "beta"), "failed");
      expect(op.error?.message).toContain("the disk is broken");
      expect(op.error?.message).toContain("host-0");
      expect(op.steps.at(-1)).toMatchObject({ name: "put back", state: "done" });
      await s.state(vc.id, "ready");
      expect(await s.hostsOf(vc)).toEqual(["alpha"]);
      expect(s.content(node, "alpha")).toBe("made on alpha\nprecious\n");
      await until("gone from beta", () => !s.on("beta").volumes.disks.has(node), WAIT);
      await s.clean();
    });
  }
});

describe("meanwhile", () => {
  test("the vcluster is deleted: nothing is left anywhere", async () => {
    for (const phase of ["copying", "switched"]) {
      const vc = await s.madeOn("alpha", { name: `web-${phase}` });
      const node = first(vc).id;
      let go = () => {};
      if (phase === "copying") {
        const wait = new Promise<void>((resolve) => {
          go = resolve;
        });
        s.on("alpha").volumes.misbehave.sending = () => wait;
      } else s.on("beta").misbehave.fail.set("host-0", { instead: "gone" as never, reason: "" });
      const op = await s.move(vc, "beta");
      await s.reaches(node, phase, "clearing");
      await s.ended(await s.api.remove({ ...CAUSE, id: vc.id }), "done");
      go();
      if (phase === "copying") expect((await s.api.operation(op.id))!.state).toBe("cancelled");
      for (const w of s.workers)
        await until(`gone from ${w.name}`, () => !w.nodes.has(node) && !w.volumes.disks.has(node), WAIT);
      s.on("alpha").volumes.misbehave.sending = () => {};
      await s.clean();
    }
    expect(s.leases()).toBe(0);
  });

  test("the target goes away before the switch, for too long: it goes on at the source", async () => {
    const vc = await s.madeOn("alpha");
    let pieces = 0;
    s.on("alpha").volumes.misbehave.sending = (p) => {
      if (p.volume.kind === "disk" && ++pieces === 1) s.master.detachWorker("beta");
    };
    const op = await s.move(vc, "beta");
    expect((await s.ended(op, "failed")).error?.message).toContain("beta");
    await s.state(vc.id, "ready");
    expect(await s.hostsOf(vc)).toEqual(["alpha"]);
    s.master.attachWorker("beta", s.on("beta"));
    await s.clean();
  });

  test("hosts come and go, and it goes on where it was", async () => {
    const vc = await s.madeOn("alpha");
    let pieces = 0;
    s.on("alpha").volumes.misbehave.piece = 8;
    s.on("alpha").volumes.misbehave.sending = (p) => {
      const away = ["beta", "alpha", "beta"][pieces];
      if (p.volume.kind !== "disk" || pieces++ > 2 || !away) return;
      s.master.detachWorker(away);
      setTimeout(() => s.master.attachWorker(away, s.on(away)), 20);
    };
    await s.ended(await s.move(vc, "beta"), "done");
    expect(await s.hostsOf(vc)).toEqual(["beta"]);
    await s.clean();
  });

  test("it shuts itself down: before the switch it moves, right after it goes back, and after a cancel it is told", async () => {
    const vc = await s.madeOn("alpha");
    const node = first(vc).id;
    const off = (host: string) => {
      const n = s.on(host).nodes.get(node)!;
      Object.assign(n, { state: "stopped", reason: "shut down from inside" });
      const { generation } = n;
      const none = { slug: null, jupyterToken: null, warm: false, bootedAt: null };
      s.on(host).tell({
        type: "node",
        id: node,
        vcluster: vc.id,
        generation,
        state: "stopped",
        reason: n.reason,
        ...none,
      });
    };
    let letGo = () => {};
    s.on("alpha").volumes.misbehave.sending = () =>
      new Promise((resolve) => {
        letGo = resolve;
      });
    const op = await s.move(vc, "beta");
    await s.reaches(node, "copying");
    off("alpha");
    await until("it is seen", async () => (await s.api.vcluster(vc.id))!.nodes[0]!.state === "stopped", WAIT);
    await s.api.cancel(op.id, CAUSE);
    letGo();
    await s.ended(op, "cancelled");
    expect((await s.api.vcluster(vc.id))!.nodes[0]).toMatchObject({ state: "stopped", host: "alpha" });
    s.on("alpha").volumes.misbehave.sending = () => {};
    await s.ended(await s.api.start({ ...CAUSE, id: vc.id }), "done");

    s.on("beta").misbehave.silent = true;
    const again = await s.move(vc, "beta");
    await until("it runs on beta", () => s.on("beta").nodes.get(node)?.state === "ready", WAIT);
    s.on("beta").misbehave.silent = false;
    off("beta");
    expect((await s.ended(again, "failed")).error?.message).toContain("shut down from inside");
    expect(await s.hostsOf(vc)).toEqual(["alpha"]);
    await s.state(vc.id, "ready");
    await s.clean();
  });

  test("turned back after the switch: the source is not told to run it before the target has stopped it", async () => {
    const vc = await s.madeOn("alpha");
    const node = first(vc).id;
    s.on("beta").misbehave.silent = true;
    const op = await s.move(vc, "beta");
    await until("it runs on beta", () => s.on("beta").nodes.get(node)?.state === "ready", WAIT);
    let letGo = () => {};
    const wait = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let asked = false;
    s.on("beta").misbehave.silent = false;
    s.on("beta").misbehave.apply = () => {
      asked = true;
      return wait;
    };
    const told = s.on("alpha").orders.length;
    await s.api.cancel(op.id, CAUSE);
    await until("beta is asked to stop it", () => asked, WAIT);
    await until("alpha has the new generation", () => s.on("alpha").orders.length > told, WAIT);
    expect(s.on("alpha").nodes.get(node)).toMatchObject({ desired: "stopped", state: "stopped" });
    expect(s.phase(node)).toBe("returning");
    s.on("beta").misbehave.apply = () => {};
    letGo();
    await s.ended(op, "cancelled");
    expect(await s.hostsOf(vc)).toEqual(["alpha"]);
    await s.clean();
  });

  test("the target goes away after the switch: it is waited for, and the node runs nowhere else", async () => {
    const vc = await s.madeOn("alpha");
    s.on("beta").misbehave.fail.set("host-0", { instead: "gone" as never, reason: "" });
    s.on("beta").misbehave.apply = () => s.master.detachWorker("beta");
    const op = await s.move(vc, "beta");
    await s.reaches(first(vc).id, "switched");
    await until("waits", async () => (await s.api.vcluster(vc.id))!.reason?.includes("beta"), WAIT);
    expect(s.on("alpha").nodes.get(first(vc).id)).toMatchObject({ desired: "stopped", state: "stopped" });
    s.on("beta").misbehave.apply = () => {};
    s.master.attachWorker("beta", s.on("beta"));
    await s.ended(op, "done");
    await s.clean();
  });
});
