import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { CAUSE, SIZE, Stage, WAIT } from "../../../test/kit/master-stage.ts";
import { until } from "../../lib/retry.ts";

setDefaultTimeout(60_000);

let s: Stage;
beforeEach(async () => {
  s = await new Stage([{ name: "alpha" }, { name: "beta", address: "192.0.2.2" }]).up();
});
afterEach(async () => {
  s.audit();
  await s.down();
});

const patch = (name: string, more: { cordoned?: boolean; labels?: Record<string, string> }) =>
  s.api.patchHost({ ...CAUSE, name, ...more });
const events = async (action: string) =>
  (await s.api.events({ owner: null, limit: 100 })).items.filter((e) => e.action === action);
const hostsOf = async (more: Parameters<Stage["made"]>[0]) => (await s.made(more)).nodes.map((n) => n.host);

describe("a cordoned host", () => {
  test("keeps what runs and gets nothing new, also after a restart of the master", async () => {
    expect(new Set(await hostsOf({ nodes: 4 }))).toEqual(new Set(["alpha", "beta"]));
    expect(await patch("beta", { cordoned: true })).toMatchObject({
      state: "cordoned",
      reason: "was cordoned",
      nodes: 2,
    });
    await s.restart();
    expect(await s.api.host("beta")).toMatchObject({ state: "cordoned", nodes: 2 });
    expect(new Set(await hostsOf({ name: "more", nodes: 4 }))).toEqual(new Set(["alpha"]));
    expect(await patch("beta", { cordoned: false })).toMatchObject({ state: "ready", reason: null });
    expect(await hostsOf({ name: "last", nodes: 1 })).toEqual(["alpha"]);
    expect(new Set(await hostsOf({ name: "bobs", nodes: 2 }))).toContain("beta");
  });

  test("is not a sick one, and one that is away is away all the same", async () => {
    await patch("beta", { cordoned: true });
    expect(await s.api.health()).toMatchObject({ ready: true, checks: { "host beta": null } });
    s.master.detachWorker("beta");
    expect(await s.api.host("beta")).toMatchObject({ state: "unreachable", reason: "is not connected; was cordoned" });
  });

  test("stands in the history and is told to those who watch; the same again is no news", async () => {
    await patch("beta", { cordoned: true });
    await patch("beta", { cordoned: true });
    await patch("beta", { cordoned: false });
    expect(await events("host.cordon")).toMatchObject([{ actor: "ann", object: "beta", requestId: "req1" }]);
    expect(await events("host.uncordon")).toHaveLength(1);
    const told = s.frames.flatMap((f) => (f.type === "host" && f.data.name === "beta" ? [f.data.state] : []));
    expect(told).toContain("cordoned");
  });

  test("a refusal names it", async () => {
    await patch("beta", { cordoned: true });
    await patch("alpha", { cordoned: true });
    await expect(s.api.create(s.request())).rejects.toMatchObject({
      code: "no_capacity",
      message: expect.stringContaining("alpha: is cordoned; beta: is cordoned"),
    });
  });
});

describe("labels", () => {
  test("bind a vcluster to hosts that have them, also when it grows", async () => {
    expect(await patch("beta", { labels: { disk: "fast" } })).toMatchObject({ labels: { disk: "fast" } });
    const vc = await s.made({ nodes: 2, placement: { labels: { disk: "fast" } } });
    expect(vc.placement).toEqual({ strategy: "spread", nodes: "any", labels: { disk: "fast" } });
    expect(vc.nodes.map((n) => [n.host, n.why])).toEqual([
      ["beta", "has disk=fast; the only such host with room"],
      ["beta", "has disk=fast; the only such host with room"],
    ]);
    await s.ended(await s.api.scale({ ...CAUSE, id: vc.id, nodes: 4, size: SIZE }), "done");
    expect(new Set((await s.api.vcluster(vc.id))!.nodes.map((n) => n.host))).toEqual(new Set(["beta"]));
    await patch("beta", { labels: {} });
    await expect(s.api.scale({ ...CAUSE, id: vc.id, nodes: 5, size: SIZE })).rejects.toMatchObject({
      code: "no_capacity",
      message: expect.stringContaining("beta: lacks the label disk=fast"),
    });
    expect((await events("host.label")).map((e) => e.message)).toEqual(["no labels", "disk=fast"]);
  });

  test("and cordon are each left as they are when only the other is set", async () => {
    await patch("beta", { labels: { room: "b12" }, cordoned: true });
    expect(await patch("beta", { cordoned: false })).toMatchObject({ labels: { room: "b12" }, state: "ready" });
    expect(await patch("beta", { labels: {} })).toMatchObject({ labels: {}, state: "ready" });
  });
});

test("cordon and labels end with the host", async () => {
  await patch("beta", { labels: { room: "b12" }, cordoned: true });
  s.master.detachWorker("beta");
  await s.api.removeHost({ ...CAUSE, name: "beta", force: false });
  await expect(patch("beta", { cordoned: false })).rejects.toMatchObject({ code: "not_found" });
  await s.restart();
  expect(s.store.all("SELECT * FROM host_settings")).toEqual([]);
});

test("a host that was removed with nodes on it is shown, with them, until the last one is deleted", async () => {
  const vc = await s.made({ nodes: 2 });
  s.master.detachWorker("beta");
  await s.api.removeHost({ ...CAUSE, name: "beta", force: true });
  expect(await s.api.host("beta")).toMatchObject({ state: "removed", nodes: 1 });
  expect(await s.api.hostNodes({ name: "beta", owner: null })).toHaveLength(1);
  await expect(patch("beta", { cordoned: true })).rejects.toMatchObject({ code: "gone" });
  await s.ended(await s.api.remove({ ...CAUSE, id: vc.id }), "done");
  expect(await s.api.host("beta")).toBeNull();
});

describe("a wish", () => {
  test("apart holds while the vcluster grows, and is refused when hosts run out", async () => {
    const vc = await s.made({ nodes: 1, placement: { nodes: "apart" } });
    await s.ended(await s.api.scale({ ...CAUSE, id: vc.id, nodes: 2, size: SIZE }), "done");
    expect((await s.api.vcluster(vc.id))!.nodes.map((n) => n.host).sort()).toEqual(["alpha", "beta"]);
    await expect(s.api.scale({ ...CAUSE, id: vc.id, nodes: 3, size: SIZE })).rejects.toMatchObject({
      code: "no_capacity",
      details: { fits: 0 },
      hint: expect.stringContaining("let them share hosts"),
    });
  });

  test("together holds while it grows, though another host is emptier", async () => {
    const vc = await s.made({ nodes: 2, placement: { nodes: "together" } });
    const at = vc.nodes[0]!.host;
    await s.ended(await s.api.scale({ ...CAUSE, id: vc.id, nodes: 5, size: SIZE }), "done");
    expect(new Set((await s.api.vcluster(vc.id))!.nodes.map((n) => n.host))).toEqual(new Set([at]));
  });

  test("to pack fills one host before the next", async () => {
    await s.made({ name: "first", nodes: 1 });
    expect(new Set(await hostsOf({ name: "second", nodes: 3, placement: { strategy: "pack" } })).size).toBe(1);
  });
});

describe("one host", () => {
  test("says what runs there, whose it is and why it is there", async () => {
    await s.made({ name: "web", nodes: 4 });
    const nodes = await s.api.hostNodes({ name: "beta", owner: null });
    expect(nodes).toHaveLength(2);
    expect(nodes[0]).toMatchObject({ owner: "ann", vcluster: "web", state: "ready", size: SIZE });
    expect(nodes[0]!.why).toStartWith("least promised of 2 hosts");
    expect(await s.api.hostNodes({ name: "beta", owner: "bob" })).toEqual([]);
  });

  test("has the images it holds and the GPUs it told of", async () => {
    s.workers[1]!.host = { ...s.workers[1]!.host, gpus: [{ name: "NVIDIA L4", memory: 24_576 }] };
    s.workers[1]!.tell(s.workers[1]!.host);
    const beta = await until(
      "told",
      async () => ((await s.api.host("beta"))?.gpus.length ? s.api.host("beta") : null),
      WAIT,
    );
    expect(beta).toMatchObject({ images: ["base", "mini"], gpus: [{ name: "NVIDIA L4", memory: 24_576 }] });
  });

  test("has an hour of what was used", async () => {
    const at = (await s.api.hostMetrics("alpha")).at(-1)!;
    expect(at).toMatchObject({ cpu: 0, memory: 0, disk: 0 });
    expect(Math.abs(at.at - Date.now())).toBeLessThan(3_600_000);
  });

  test("that nobody knows is not found, whatever is asked of it", async () => {
    expect(await s.api.host("gamma")).toBeNull();
    for (const ask of [
      () => patch("gamma", { cordoned: true }),
      () => s.api.hostNodes({ name: "gamma", owner: null }),
      () => s.api.hostMetrics("gamma"),
    ])
      await expect(ask()).rejects.toMatchObject({ code: "not_found" });
  });

  test("whose memory is full as measured gets nothing new, whatever was promised", async () => {
    const alpha = s.workers[0]!;
    alpha.tell({ ...alpha.host, used: { cpu: 0, memory: alpha.host.capacity.memory - 100, disk: 0 } });
    await until("heard", async () => (await s.api.host("alpha"))!.used.memory > 0, WAIT);
    expect(new Set(await hostsOf({ nodes: 3 }))).toEqual(new Set(["beta"]));
    await patch("beta", { cordoned: true });
    await expect(s.api.create(s.request({ name: "no" }))).rejects.toMatchObject({
      message: expect.stringContaining("alpha: its memory is full: 100 MiB are left"),
    });
  });
});
