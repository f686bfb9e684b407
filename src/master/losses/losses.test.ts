import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { LossStage } from "../../../test/kit/loss-stage.ts";
import { CAUSE, WAIT } from "../../../test/kit/master-stage.ts";
import { until } from "../../lib/retry.ts";

/** 30 s, 5 % more because clocks differ, and 15 s to end nodes. */
const LEASE_AND_MARGIN = 47;

let s: LossStage;
beforeEach(async () => {
  s = await new LossStage().up();
  for (const h of s.workers.keys()) await s.connect(h);
});
afterEach(() => s.down());

const node = async (id: string) => (await s.api.vcluster(id))!.nodes[0]!;

test("unreachable is not dead: a node keeps its state and says what it waits for, until the host is back", async () => {
  const vc = await s.made("two", {});
  s.disconnect("two");
  s.pass(4);
  expect((await s.api.vcluster(vc.id))!.reason).toBeNull();
  s.pass(LEASE_AND_MARGIN * 4);
  const now = (await s.api.vcluster(vc.id))!;
  expect([now.state, now.nodes[0]!.state, now.nodes[0]!.host]).toEqual(["ready", "ready", "two"]);
  expect(now.nodes[0]!.reason).toBe(
    "host two is unreachable since 2026-01-02 03:04 UTC. The nodes there go on, as far as anybody knows, and wait for it. An administrator who is certain that the machine is off can say so: docklet host rm --force two.",
  );
  expect(now.reason).toBe(now.nodes[0]!.reason);
  await s.connect("two");
  const back = await s.is(vc.id, (v) => v.reason === null);
  expect([back.state, back.nodes[0]!.host]).toEqual(["ready", "two"]);
  expect(s.events("two").map((e) => e.split(":")[0])).toEqual(["host.lost", "host.back"]);
});

test("after its start a master has patience: hosts find it again at their own pace, and were not lost", async () => {
  await s.made("two", {});
  await s.restart();
  const lost = () => [...s.workers.keys()].filter((h) => s.events(h).some((e) => e.startsWith("host.lost")));
  s.pass(20);
  expect(lost()).toEqual([]);
  await s.connect("two");
  s.disconnect("two");
  s.pass(7);
  expect(lost()).toEqual(["two"]);
  s.pass(10);
  expect(lost()).toEqual(["one", "two", "three"]);
});

describe("made anew", () => {
  test("only when lease and margin have passed since the last answer, then elsewhere, and the old host is told to let go", async () => {
    const vc = await s.made("two", { nodes: "freeze", recover: "anew" });
    const { id } = vc.nodes[0]!;
    s.disconnect("two");
    s.pass(LEASE_AND_MARGIN - 1);
    expect((await node(vc.id)).host).toBe("two");
    expect((await node(vc.id)).reason).toContain("are made anew elsewhere if it does not come back soon");
    s.pass(2);
    const moved = await s.is(vc.id, (v) => v.nodes[0]!.host !== "two" && v.state === "ready");
    expect([moved.reason, moved.nodes[0]!.reason]).toEqual([null, null]);
    expect(moved.nodes[0]!.address).toBe(vc.nodes[0]!.address!);
    expect(s.events("web").at(-1)).toStartWith(
      `vcluster.recover: made anew from the image: host-0 on ${moved.nodes[0]!.host}; what was on their disks on two is given up`,
    );
    s.on("two").nodes.get(id)!.state = "stopped";
    await s.connect("two");
    await s.is(vc.id, () => s.store.get("SELECT 1 FROM copies") === null);
    expect(s.on("two").nodes.has(id)).toBe(false);
    expect(s.events("two").at(-1)).toBe(
      "host.back: was away since 2026-01-02 03:04 UTC; what it still has of 1 node that went elsewhere is removed",
    );
    expect(s.toldToRun(id)).toEqual([moved.nodes[0]!.host!]);
  });

  test("not while nodes are kept: they may run; an admin who knows that the machine is off says so", async () => {
    const vc = await s.made("two", { nodes: "keep", recover: "anew" });
    s.disconnect("two");
    s.pass(LEASE_AND_MARGIN * 10);
    expect((await node(vc.id)).host).toBe("two");
    await s.api.removeHost({ ...CAUSE, name: "two", force: true });
    const moved = await s.is(vc.id, (v) => v.nodes[0]!.host !== "two" && v.state === "ready");
    expect(s.events("web").at(-1)).toContain("because an admin has removed it");
    // What the machine still has is not forgotten: it is told to let go of it when it joins again.
    expect(s.store.all("SELECT host, desired FROM copies")).toEqual([{ host: "two", desired: "gone" }]);
    await s.api.remove({ ...CAUSE, id: moved.id });
    await until("it to be deleted", () => s.store.get("SELECT 1 FROM vclusters") === null, WAIT);
  });

  test("not when it is to wait, however long; the reason says what was done", async () => {
    const vc = await s.made("two", { nodes: "stop", recover: "wait" });
    s.disconnect("two");
    s.pass(LEASE_AND_MARGIN * 10);
    expect([(await node(vc.id)).host, (await node(vc.id)).reason]).toEqual([
      "two",
      "host two is unreachable since 2026-01-02 03:04 UTC. The nodes there are stopped, and wait for it.",
    ]);
  });

  test("never on the word of a host that has held no lease", async () => {
    await s.connect("two", false);
    s.store.write((tx) => tx.run("UPDATE members SET lease_ms = 0 WHERE name = 'two'"));
    const vc = await s.made("two", { nodes: "freeze", recover: "anew" });
    s.store.write((tx) => tx.run("UPDATE members SET lease_ms = 0 WHERE name = 'two'"));
    s.disconnect("two");
    s.pass(LEASE_AND_MARGIN * 10);
    expect((await node(vc.id)).host).toBe("two");
  });

  test("a master that has just started, or has slept, counts from then", async () => {
    const vc = await s.made("two", { nodes: "freeze", recover: "anew" });
    s.disconnect("two");
    s.pass(LEASE_AND_MARGIN - 2);
    await s.restart();
    for (const h of ["one", "three"]) await s.connect(h);
    s.pass(LEASE_AND_MARGIN - 2);
    s.boot += 3_600_000;
    s.pass(LEASE_AND_MARGIN - 2);
    expect((await node(vc.id)).host).toBe("two");
    s.pass(3);
    await s.is(vc.id, (v) => v.nodes[0]!.host !== "two" && v.state === "ready");
  });

  test("a longer lease that was given before is waited for, a shorter one once the host has said that it has it", async () => {
    s.wing.losses.leases.beat("two", 120_000);
    expect(s.wing.losses.leases.remaining("two")).toBe(120_000 * 1.05 + 15_000);
    s.wing.losses.leases.beat("two", 30_000);
    expect(s.wing.losses.leases.remaining("two")).toBe(30_000 * 1.05 + 15_000);
  });

  test("no room: it says so, and goes as soon as there is", async () => {
    const vc = await s.made("two", { nodes: "freeze", recover: "anew" });
    for (const name of ["one", "three"]) await s.api.patchHost({ ...CAUSE, name, cordoned: true });
    s.disconnect("two");
    s.pass(LEASE_AND_MARGIN * 2);
    const waits = await node(vc.id);
    expect(waits.reason).toContain("are made anew elsewhere. No room for 1 node");
    expect(waits.reason).toContain("three: is cordoned");
    await s.api.patchHost({ ...CAUSE, name: "three", cordoned: false });
    s.pass(6);
    const moved = await s.is(vc.id, (v) => v.state === "ready" && v.nodes[0]!.host === "three");
    expect(moved.reason).toBeNull();
  });

  test("a host that comes back in time has lost nothing, nor has one that was told to", async () => {
    const vc = await s.made("two", { nodes: "freeze", recover: "anew" });
    for (let i = 0; i < 3; i++) {
      s.disconnect("two");
      s.pass(LEASE_AND_MARGIN - 1);
      await s.connect("two");
    }
    expect([(await node(vc.id)).host, s.toldToRun(vc.nodes[0]!.id)]).toEqual(["two", ["two"]]);
  });

  test("what is stopped goes with the others when an admin removes the host, and is made when it is started", async () => {
    const vc = await s.made("two", { recover: "anew" });
    await s.api.stop({ ...CAUSE, id: vc.id });
    await s.is(vc.id, (v) => v.state === "stopped" && v.operation === null);
    s.disconnect("two");
    await s.api.removeHost({ ...CAUSE, name: "two", force: true });
    await s.is(vc.id, (v) => v.state === "stopped" && v.nodes[0]!.host !== "two");
    await s.api.start({ ...CAUSE, id: vc.id });
    await s.is(vc.id, (v) => v.state === "ready" && v.operation === null);
  });

  test("what is stopped waits until it is started", async () => {
    const vc = await s.made("two", { nodes: "stop", recover: "anew" });
    await s.api.stop({ ...CAUSE, id: vc.id });
    await s.is(vc.id, (v) => v.state === "stopped" && v.operation === null);
    s.disconnect("two");
    s.pass(LEASE_AND_MARGIN * 2);
    expect((await node(vc.id)).host).toBe("two");
    expect((await node(vc.id)).reason).toContain(
      "What is stopped there waits for it; started, it is made anew elsewhere.",
    );
    await s.api.start({ ...CAUSE, id: vc.id });
    s.pass(6);
    const moved = await s.is(vc.id, (v) => v.state === "ready" && v.operation === null);
    expect(moved.nodes[0]!.host).not.toBe("two");
  });
});

test("what a host did on its own is in the history, once however often it is told, and only of what is on it", async () => {
  const vc = await s.made("two", { nodes: "freeze" });
  const report = (host: string) =>
    s.on(host).tell({ type: "loss", vcluster: vc.id, did: "freeze", nodes: [vc.nodes[0]!.id], at: s.wall });
  report("two");
  report("two");
  report("three");
  await s.is(vc.id, () => s.events("web").some((e) => e.startsWith("vcluster.lost")));
  expect(s.events("web").filter((e) => e.startsWith("vcluster.lost"))).toEqual([
    "vcluster.lost: host two froze host-0 at 2026-01-02 03:04 UTC, because it had lost its master",
  ]);
});

test("a wish that comes when the host is lost does not reach it: its nodes are kept, and may run", async () => {
  const vc = await s.made("two", { recover: "anew" });
  s.disconnect("two");
  s.pass(1);
  await s.api.setOnHostLoss({ ...CAUSE, id: vc.id, onHostLoss: { nodes: "freeze" } });
  s.pass(LEASE_AND_MARGIN * 5);
  expect((await node(vc.id)).host).toBe("two");
  expect((await node(vc.id)).reason).toContain("go on, as far as anybody knows");
  await s.connect("two");
  await s.is(vc.id, () => s.on("two").orders.at(-1)!.onHostLoss.nodes === "freeze");
  await s.is(vc.id, () => s.store.get("SELECT 1 FROM nodes WHERE kept = 1") === null);
  s.disconnect("two");
  s.pass(LEASE_AND_MARGIN + 1);
  await s.is(vc.id, (v) => v.nodes[0]!.host !== "two" && v.state === "ready");
});

test("the wish can be changed, and every host hears of it", async () => {
  const vc = await s.made("two", {});
  expect(vc.onHostLoss).toEqual({ nodes: "keep", recover: "wait" });
  const changed = await s.api.setOnHostLoss({ ...CAUSE, id: vc.id, onHostLoss: { nodes: "stop" } });
  expect(changed.onHostLoss).toEqual({ nodes: "stop", recover: "wait" });
  await s.is(vc.id, () => s.on("two").orders.at(-1)!.onHostLoss.nodes === "stop");
});
