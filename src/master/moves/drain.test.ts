import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { ANN, BOB, CAUSE, SIZE, WAIT } from "../../../test/kit/master-stage.ts";
import { MovingStage } from "../../../test/kit/moving-stage.ts";
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

const drain = (name: string, to?: string) => s.api.drainHost({ ...CAUSE, name, to });

test("everything moves away, a few at a time; the host stays cordoned", async () => {
  const web = await s.madeOn("alpha", { nodes: 4 });
  const db = await s.madeOn("alpha", { nodes: 1, name: "db", owner: BOB });
  await s.ended(await s.api.stop({ ...CAUSE, id: db.id }), "done");
  let letGo = () => {};
  const wait = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let most = 0;
  let now = 0;
  s.on("alpha").volumes.misbehave.sending = async (p) => {
    if (p.volume.kind !== "disk") return;
    most = Math.max(most, ++now);
    await wait;
    now--;
  };
  const op = await drain("alpha");
  expect(op).toMatchObject({ kind: "host.drain", object: "alpha", cancellable: true });
  expect((await drain("alpha")).id).toBe(op.id);
  expect(await s.api.host("alpha")).toMatchObject({ state: "draining", operation: op.id });
  await until("some are on their way", () => now === 2, WAIT);
  letGo();
  const over = await s.ended(op, "done");
  expect(over.steps.map((x) => [x.name, x.state, x.message])).toContainEqual(["move", "done", "5/5"]);
  expect(most).toBe(2);
  expect(await s.api.host("alpha")).toMatchObject({ state: "cordoned", operation: null, nodes: 0 });
  expect(s.on("alpha").nodes.size).toBe(0);
  expect(await s.hostsOf(web)).not.toContain("alpha");
  await s.state(web.id, "ready");
  await s.state(db.id, "stopped");
  await s.clean();
  expect((await s.api.host("alpha"))!.state).toBe("cordoned");
});

test("what finds no place stays and is named; the rest is moved", async () => {
  await s.api.patchHost({ ...CAUSE, name: "beta", labels: { disk: "fast" } });
  const web = await s.madeOn("alpha", { nodes: 2 });
  await s.api.patchHost({ ...CAUSE, name: "alpha", labels: { gpu: "yes" } });
  const pinned = await s.madeOn("alpha", { name: "pinned", placement: { labels: { gpu: "yes" } } });
  const big = await s.madeOn("alpha", { name: "big", size: { ...SIZE, memory: 400_000 } });
  for (const name of ["beta", "gamma"]) {
    s.on(name).tell({ ...s.on(name).host, capacity: { cpu: 64, memory: 100_000, disk: 4_000_000 } });
    await until("smaller", async () => (await s.api.host(name))!.capacity.memory === 100_000, WAIT);
  }
  const over = await s.ended(await drain("alpha"), "failed");
  expect(over.error?.message).toContain("ann/pinned host-0");
  expect(over.error?.message).toContain("gpu=yes");
  expect(over.error?.message).toContain("ann/big host-0");
  expect(await s.hostsOf(web)).not.toContain("alpha");
  expect([await s.hostsOf(pinned), await s.hostsOf(big)]).toEqual([["alpha"], ["alpha"]]);
  expect(await s.api.host("alpha")).toMatchObject({ state: "cordoned", nodes: 2 });
});

test("cancelled: what has arrived stays, what has not goes on where it was", async () => {
  const vc = await s.madeOn("alpha", { nodes: 4 });
  let letGo = () => {};
  const wait = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const slow = new Set([vc.nodes[2]!.id, vc.nodes[3]!.id]);
  s.on("alpha").volumes.misbehave.sending = (p) => (slow.has(p.volume.id) ? wait : undefined);
  const op = await drain("alpha", "gamma");
  for (const n of vc.nodes.slice(0, 2)) await s.reaches(n.id, "moved");
  await s.reaches(vc.nodes[3]!.id, "copying");
  await s.api.cancel(op.id, CAUSE);
  letGo();
  await s.ended(op, "cancelled");
  expect(await s.hostsOf(vc)).toEqual(["gamma", "gamma", "alpha", "alpha"]);
  await s.state(vc.id, "ready");
  await s.clean();
});

test("people go on using their vclusters: stop, start, scale and delete while they are on their way", async () => {
  const vc = await s.madeOn("alpha", { nodes: 2 });
  const other = await s.madeOn("alpha", { nodes: 1, name: "other" });
  let letGo = () => {};
  const wait = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  s.on("alpha").volumes.misbehave.sending = () => wait;
  const op = await drain("alpha", "beta");
  await s.reaches(vc.nodes[0]!.id, "copying");
  await s.ended(await s.api.stop({ ...CAUSE, id: vc.id }), "done");
  await s.ended(await s.api.scale({ ...CAUSE, id: vc.id, nodes: 1, size: SIZE }), "done");
  await s.ended(await s.api.remove({ ...CAUSE, id: other.id }), "done");
  const start = await s.api.start({ ...CAUSE, id: vc.id });
  letGo();
  await s.ended(start, "done");
  const over = await s.ended(op, "done");
  expect(over.error).toBeNull();
  expect(await s.hostsOf(vc)).toEqual(["beta"]);
  await s.state(vc.id, "ready");
  await s.clean();
});

test("data folders leave a drained host too, also those of people who have no nodes; else it can't be removed", async () => {
  const vc = await s.madeOn("alpha", { owner: BOB });
  s.on("alpha").volumes.homes.set(BOB.id, "letters");
  await s.ended(await s.api.remove({ ...CAUSE, id: vc.id }), "done");
  const mine = await s.madeOn("alpha");
  s.on("alpha").volumes.homes.set(ANN.id, "songs");
  await s.ended(await drain("alpha", "beta"), "done");
  const homes = (name: string) => Object.fromEntries(s.on(name).volumes.homes);
  await until("they have gone", () => Object.keys(homes("alpha")).length === 0, WAIT);
  expect(homes("beta")).toMatchObject({ [ANN.id]: "songs", [BOB.id]: "letters" });
  expect(await s.hostsOf(mine)).toEqual(["beta"]);
});

test("a node that fails wherever it is moves as it is", async () => {
  const vc = await s.madeOn("alpha");
  await s.ended(await s.api.stop({ ...CAUSE, id: vc.id }), "done");
  for (const w of s.workers) w.misbehave.fail.set("host-0", { instead: "booting", reason: "no init" });
  await s.ended(await s.api.start({ ...CAUSE, id: vc.id }), "failed");
  await s.ended(await drain("alpha"), "done");
  expect(await s.hostsOf(vc)).not.toContain("alpha");
  expect(await s.state(vc.id, "failed")).toMatchObject({ reason: "host-0: no init" });
  await s.clean();
});

test("a host without nodes is done at once; nonsense is refused", async () => {
  expect((await s.ended(await drain("gamma"), "done")).steps.every((x) => x.state === "done")).toBe(true);
  await expect(drain("nowhere")).rejects.toMatchObject({ code: "not_found" });
  await expect(drain("alpha", "alpha")).rejects.toMatchObject({ code: "invalid" });
  await expect(drain("alpha", "nowhere")).rejects.toMatchObject({ code: "not_found" });
});
