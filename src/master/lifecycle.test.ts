import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { ANN, BOB, CAUSE, SIZE, Stage, WAIT } from "../../test/kit/master-stage.ts";
import type { ErrorCode } from "../lib/errors.ts";
import { until } from "../lib/retry.ts";

// Conditions are waited for; on a busy machine that may take a while.
setDefaultTimeout(60_000);

let s: Stage;
beforeEach(async () => {
  s = await new Stage().up();
});
afterEach(async () => {
  s.audit();
  await s.down();
});

const refused = async (code: ErrorCode, p: Promise<unknown>, text?: string) => {
  const e = await p.then(
    () => null,
    (e: unknown) => e as { code: string; message: string; hint: string },
  );
  expect(e?.code).toBe(code);
  expect(e?.hint).not.toBe("");
  if (text) expect(e?.message).toContain(text);
};

describe("create", () => {
  test("answers at once, then everything becomes ready by itself", async () => {
    const { vcluster, operation } = await s.api.create(s.request({ nodes: 3 }));
    expect(vcluster).toMatchObject({
      state: "pending",
      owner: "ann",
      desired: "running",
      subnet: "172.16.0.0/26",
      operation: operation.id,
    });
    expect(vcluster.nodes.map((n) => [n.name, n.address, n.state])).toEqual([
      ["host-0", "172.16.0.2", "pending"],
      ["host-1", "172.16.0.3", "pending"],
      ["host-2", "172.16.0.4", "pending"],
    ]);
    expect(operation).toMatchObject({ kind: "vcluster.create", state: "running", cancellable: true, object: "web" });
    const op = await s.ended(operation, "done");
    expect(op.steps.map((x) => [x.name, x.state, x.message])).toEqual([
      ["place", "done", null],
      ["nodes", "done", "3/3"],
      ["ready", "done", "3/3"],
    ]);
    const vc = (await s.api.vcluster(vcluster.id))!;
    expect(vc).toMatchObject({ state: "ready", reason: null, operation: null });
    expect(vc.nodes.every((n) => n.slug && n.bootedAt)).toBe(true);
    expect(s.worker.orders[0]).toMatchObject({
      term: 1,
      generation: 1,
      owner: { id: "annaaa", name: "ann", home: 1024, lies: "here", at: null, shared: null },
      network: { subnet: "172.16.0.0/26", gateway: "172.16.0.1", vni: 1, mtu: 1450, members: [], gatewayHost: null },
      authorizedKeys: ANN.authorizedKeys,
    });
    expect(s.worker.orders[0]!.hosts).toHaveLength(3);
    expect(s.worker.orders[0]!.peerKey.private).toContain("BEGIN OPENSSH PRIVATE KEY");
    expect(s.worker.orders[0]!.peerKey.public).toStartWith("ssh-ed25519 ");
  });

  test("the same id again answers the first result and makes nothing", async () => {
    const request = s.request();
    const first = await s.api.create(request);
    const again = await s.api.create(request);
    expect(again.operation.id).toBe(first.operation.id);
    await s.ended(first.operation, "done");
    expect((await s.api.create(request)).operation.state).toBe("done");
    expect((await s.api.vclusters({ owner: null, limit: 10 })).items).toHaveLength(1);
  });

  test("a node that fails rolls everything back, and the reason stays to be read", async () => {
    s.worker.misbehave.fail.set("host-1", { instead: "booting", reason: "init did not start" });
    const request = s.request({ nodes: 3 });
    const { vcluster, operation } = await s.api.create(request);
    const op = await s.ended(operation, "failed");
    expect(op.error?.message).toBe("host-1: init did not start");
    expect(op.steps.at(-1)).toMatchObject({ name: "roll back", state: "done" });
    expect(op.steps.some((x) => x.state === "failed" && x.message === "host-1: init did not start")).toBe(true);
    expect(await s.api.vcluster(vcluster.id)).toBeNull();
    expect(s.leases()).toBe(0);
    expect(s.worker.nodes.size).toBe(0);
    const history = await s.api.events({ owner: "ann", object: "web", limit: 10 });
    expect(history.items[0]).toMatchObject({ result: "failed", action: "vcluster.create" });
    expect(s.frames.some((f) => f.type === "vcluster.deleted" && f.data.id === vcluster.id)).toBe(true);
    // The same request again is told how it ended; a new one works.
    await refused("host_command", s.api.create(request), "init did not start");
    s.worker.misbehave.fail.clear();
    expect((await s.made()).state).toBe("ready");
  });

  test("refusals: image, room, name, numbers; nothing is left of any", async () => {
    await refused("not_found", s.api.create(s.request({ image: "nope" })));
    s.worker.setImage({ ...s.worker.images.get("base")!, state: "absent" });
    await until(
      "image report",
      async () => (await s.api.images()).find((i) => i.name === "base")?.state === "absent",
      WAIT,
    );
    await refused("conflict", s.api.create(s.request({ image: "base" })), "not built");
    await refused("no_capacity", s.api.create(s.request({ size: { ...SIZE, memory: 4_000_000 } })), "alpha has");
    await refused("invalid", s.api.create(s.request({ nodes: 0 })));
    await refused("invalid", s.api.create(s.request({ nodes: 10_000 })));
    await refused("invalid", s.api.create(s.request({ nodes: 1.5 })));
    await refused("invalid", s.api.create(s.request({ name: "../etc" })));
    await refused("invalid", s.api.create(s.request({ size: { ...SIZE, cpu: Number.NaN } })));
    expect(s.leases()).toBe(0);
    await s.made();
    await refused("conflict", s.api.create(s.request()), "web already");
    expect((await s.made({ owner: BOB })).owner).toBe("bob");
  });

  test("128 nodes get a /24, and each an address of its own", async () => {
    const vc = await s.made({ nodes: 128 });
    expect(vc.subnet).toBe("172.16.0.0/24");
    expect(new Set(vc.nodes.map((n) => n.address)).size).toBe(128);
  });
});

describe("start and stop", () => {
  test("keep nodes, addresses and subnet; what is so already is answered at once", async () => {
    const vc = await s.made();
    expect((await s.api.start({ ...CAUSE, id: vc.id })).state).toBe("done");
    const stopping = await s.api.stop({ ...CAUSE, id: vc.id });
    expect((await s.api.stop({ ...CAUSE, id: vc.id })).id).toBe(stopping.id);
    await refused("conflict", s.api.start({ ...CAUSE, id: vc.id }), "being stopped");
    await s.ended(stopping, "done");
    const stopped = (await s.api.vcluster(vc.id))!;
    expect(stopped).toMatchObject({ state: "stopped", desired: "stopped" });
    expect(s.api.resolveSlug(vc.nodes[0]!.slug!)).toMatchObject({ state: "stopped", node: "host-0" });
    expect((await s.api.stop({ ...CAUSE, id: vc.id })).state).toBe("done");
    const starting = await s.api.start({ ...CAUSE, id: vc.id });
    expect((await s.api.start({ ...CAUSE, id: vc.id })).id).toBe(starting.id);
    await s.ended(starting, "done");
    const again = (await s.api.vcluster(vc.id))!;
    expect(again.nodes.map((n) => [n.id, n.address])).toEqual(vc.nodes.map((n) => [n.id, n.address]));
    expect(s.api.resolveSlug(again.nodes[0]!.slug!)).toMatchObject({ state: "ready", ready: "init", owner: "ann" });
    expect(s.api.resolveSlug(vc.nodes[0]!.slug!)).toBeNull();
  });

  test("a start that fails says why, keeps the nodes, and works the next time", async () => {
    const vc = await s.made();
    await s.ended(await s.api.stop({ ...CAUSE, id: vc.id }), "done");
    s.worker.misbehave.fail.set("host-1", { instead: "ready", reason: "sshd does not answer" });
    const op = await s.ended(await s.api.start({ ...CAUSE, id: vc.id }), "failed");
    expect(op.error?.message).toContain("sshd does not answer");
    const failed = await s.state(vc.id, "failed");
    expect(failed.reason).toBe("host-1: sshd does not answer");
    expect(failed.nodes).toHaveLength(2);
    s.worker.misbehave.fail.clear();
    await s.ended(await s.api.start({ ...CAUSE, id: vc.id }), "done");
    expect((await s.api.vcluster(vc.id))!.state).toBe("ready");
  });

  test("a node that dies by itself is seen, and comes back by itself or by start", async () => {
    const vc = await s.made();
    const node = s.worker.nodes.get(vc.nodes[1]!.id)!;
    const base = {
      type: "node" as const,
      id: node.id,
      vcluster: vc.id,
      generation: 1,
      jupyterToken: null,
      warm: false,
    };
    s.worker.tell({ ...base, state: "stopped", reason: null, slug: null, bootedAt: null });
    expect((await s.state(vc.id, "failed")).reason).toContain("host-1: it was shut down from inside");
    const events = await s.api.events({ owner: null, object: "web", limit: 5 });
    expect(events.items[0]).toMatchObject({ action: "vcluster.failed", actor: "system" });
    s.worker.tell({ ...base, state: "ready", reason: null, slug: "sxxxxxxxxx", bootedAt: 5 });
    await s.state(vc.id, "ready");
  });
});

describe("scale", () => {
  test("out and in while running: the others learn of it in the same order", async () => {
    const vc = await s.made({ nodes: 2 });
    const out = await s.api.scale({ ...CAUSE, id: vc.id, nodes: 4, size: { ...SIZE, cpu: 2 } });
    expect((await s.api.vcluster(vc.id))!.state).toBe("ready");
    await refused("conflict", s.api.scale({ ...CAUSE, id: vc.id, nodes: 5, size: SIZE }), "being scaled");
    await s.ended(out, "done");
    const four = (await s.api.vcluster(vc.id))!;
    expect(four.nodes.map((n) => [n.name, n.size.cpu, n.state])).toEqual([
      ["host-0", 1, "ready"],
      ["host-1", 1, "ready"],
      ["host-2", 2, "ready"],
      ["host-3", 2, "ready"],
    ]);
    expect(s.worker.orders.at(-1)).toMatchObject({ generation: 2 });
    expect(s.worker.orders.at(-1)!.hosts).toHaveLength(4);
    const op = await s.api.scale({ ...CAUSE, id: vc.id, nodes: 1, size: SIZE });
    await refused("conflict", s.api.cancel(op.id, CAUSE));
    await s.ended(op, "done");
    const one = (await s.api.vcluster(vc.id))!;
    expect(one.nodes.map((n) => n.id)).toEqual([vc.nodes[0]!.id]);
    expect(s.worker.nodes.size).toBe(1);
    expect(s.worker.orders.at(-1)!.hosts.map((h) => h.name)).toEqual(["host-0"]);
    expect((await s.api.scale({ ...CAUSE, id: vc.id, nodes: 1, size: SIZE })).state).toBe("done");
  });

  test("a failed scale-out takes away only what it added", async () => {
    const vc = await s.made({ nodes: 2 });
    s.worker.misbehave.fail.set("host-3", { instead: "preparing", reason: "quota" });
    await s.ended(await s.api.scale({ ...CAUSE, id: vc.id, nodes: 4, size: SIZE }), "failed");
    const after = (await s.api.vcluster(vc.id))!;
    expect(after).toMatchObject({ state: "ready", operation: null });
    expect(after.nodes.map((n) => n.id)).toEqual(vc.nodes.map((n) => n.id));
    expect(s.worker.nodes.size).toBe(2);
  });

  test("the subnet widens in place, and every address stays", async () => {
    const vc = await s.made({ nodes: 61 });
    expect(vc.subnet).toBe("172.16.0.0/26");
    await s.ended(await s.api.scale({ ...CAUSE, id: vc.id, nodes: 63, size: SIZE }), "done");
    const wide = (await s.api.vcluster(vc.id))!;
    expect(wide.subnet).toBe("172.16.0.0/25");
    expect(wide.nodes.slice(0, 61).map((n) => n.address)).toEqual(vc.nodes.map((n) => n.address));
    expect(s.worker.orders.at(-1)!.network.gateway).toBe("172.16.0.1");
  });

  test("a stopped vcluster grows by stopped nodes", async () => {
    const vc = await s.made({ nodes: 1 });
    await s.ended(await s.api.stop({ ...CAUSE, id: vc.id }), "done");
    await s.ended(await s.api.scale({ ...CAUSE, id: vc.id, nodes: 3, size: SIZE }), "done");
    const vcl = (await s.api.vcluster(vc.id))!;
    expect([vcl.state, vcl.nodes.map((n) => n.state)]).toEqual(["stopped", ["stopped", "stopped", "stopped"]]);
  });
});

describe("delete", () => {
  test("removes everything, and nothing can be done to it meanwhile", async () => {
    const vc = await s.made({ nodes: 3 });
    const op = await s.api.remove({ ...CAUSE, id: vc.id });
    expect((await s.api.remove({ ...CAUSE, id: vc.id })).id).toBe(op.id);
    const ref = { ...CAUSE, id: vc.id };
    await refused("gone", s.api.start(ref));
    await refused("gone", s.api.stop(ref));
    await refused("gone", s.api.scale({ ...ref, nodes: 9, size: SIZE }));
    await refused("gone", s.api.rename({ ...ref, name: "other" }));
    await refused("conflict", s.api.create(s.request()), "still being deleted");
    await refused("conflict", s.api.cancel(op.id, CAUSE));
    await s.ended(op, "done");
    expect(s.leases()).toBe(0);
    expect(s.worker.nodes.size).toBe(0);
    await refused("not_found", s.api.remove(ref));
    expect(s.api.resolveSlug(vc.nodes[0]!.slug!)).toBeNull();
  });

  test("a node that can't be removed is tried again, and said so", async () => {
    const vc = await s.made();
    s.worker.misbehave.stuck.set("host-0", 1e9);
    const op = await s.api.remove({ ...CAUSE, id: vc.id });
    await until("reason", async () => (await s.api.vcluster(vc.id))?.reason === "host-0: device is busy", WAIT);
    expect((await s.api.operation(op.id))!.steps[0]).toMatchObject({
      state: "running",
      message: "host-0: device is busy",
    });
    s.worker.misbehave.stuck.clear();
    await s.ended(op, "done");
    expect(s.leases()).toBe(0);
  });

  test("while it is being created: the create is cancelled and all goes", async () => {
    const { vcluster, operation } = await s.api.create(s.request());
    const op = await s.api.remove({ ...CAUSE, id: vcluster.id });
    expect((await s.api.operation(operation.id))!.state).toBe("cancelled");
    await s.ended(op, "done");
    expect([s.leases(), s.worker.nodes.size]).toEqual([0, 0]);
  });
});

describe("cancel", () => {
  test("create: rolled back", async () => {
    const { vcluster, operation } = await s.api.create(s.request());
    expect((await s.api.cancel(operation.id, CAUSE)).state).toBe("cancelling");
    expect((await s.api.cancel(operation.id, CAUSE)).state).toBe("cancelling");
    await s.ended(operation, "cancelled");
    expect(await s.api.vcluster(vcluster.id)).toBeNull();
    expect(s.leases()).toBe(0);
    expect((await s.api.cancel(operation.id, CAUSE)).state).toBe("cancelled");
  });

  test("start: stopped again; scale-out: as before", async () => {
    const vc = await s.made();
    await s.ended(await s.api.stop({ ...CAUSE, id: vc.id }), "done");
    const start = await s.api.start({ ...CAUSE, id: vc.id });
    await s.api.cancel(start.id, CAUSE);
    await s.ended(start, "cancelled");
    expect((await s.api.vcluster(vc.id))!.state).toBe("stopped");
    await s.ended(await s.api.start({ ...CAUSE, id: vc.id }), "done");
    const scale = await s.api.scale({ ...CAUSE, id: vc.id, nodes: 5, size: SIZE });
    await s.api.cancel(scale.id, CAUSE);
    await s.ended(scale, "cancelled");
    const after = (await s.api.vcluster(vc.id))!;
    expect([after.state, after.nodes.length, s.worker.nodes.size]).toEqual(["ready", 2, 2]);
  });

  test("stop while starting takes over", async () => {
    const vc = await s.made();
    await s.ended(await s.api.stop({ ...CAUSE, id: vc.id }), "done");
    const start = await s.api.start({ ...CAUSE, id: vc.id });
    const stop = await s.api.stop({ ...CAUSE, id: vc.id });
    expect((await s.api.operation(start.id))!.state).toBe("cancelled");
    await s.ended(stop, "done");
    expect((await s.api.vcluster(vc.id))!.state).toBe("stopped");
  });
});

describe("names and people", () => {
  test("rename changes what people see, not what nodes are called", async () => {
    const vc = await s.made();
    const renamed = await s.api.rename({ ...CAUSE, id: vc.id, name: "shop" });
    expect(renamed.name).toBe("shop");
    await until("order", () => s.worker.orders.at(-1)?.name === "shop", WAIT);
    expect(s.worker.orders.at(-1)!.hosts.map((h) => h.name)).toEqual(["host-0", "host-1"]);
    expect(s.api.resolveSlug(vc.nodes[0]!.slug!)).toMatchObject({ vcluster: "shop" });
    expect(await s.api.byName("ann", "web")).toBeNull();
    expect((await s.api.byName("ann", "shop"))?.id).toBe(vc.id);
    await s.made({ name: "web" });
    await refused("conflict", s.api.rename({ ...CAUSE, id: vc.id, name: "web" }));
    await refused("invalid", s.api.rename({ ...CAUSE, id: vc.id, name: "No Good" }));
  });

  test("new keys and quota reach all vclusters of a person and nobody else's", async () => {
    const [a, b, c] = [await s.made(), await s.made({ name: "two" }), await s.made({ owner: BOB })];
    const before = s.worker.orders.length;
    await s.api.updateOwner({ ...ANN, home: 4096, authorizedKeys: ["ssh-ed25519 NEW"] });
    await until("orders", () => s.worker.orders.length === before + 2, WAIT);
    const sent = s.worker.orders.slice(before);
    expect(new Set(sent.map((o) => o.id))).toEqual(new Set([a.id, b.id]));
    expect(sent.every((o) => o.authorizedKeys[0] === "ssh-ed25519 NEW" && o.owner.home === 4096)).toBe(true);
    expect(s.worker.homes.get("annaaa")).toBe(4096);
    expect(c.state).toBe("ready");
    // The same again is no news.
    await s.api.updateOwner({ ...ANN, home: 4096, authorizedKeys: ["ssh-ed25519 NEW"] });
    expect(s.worker.orders).toHaveLength(before + 2);
  });

  test("a person goes after their vclusters, and the data folder with them, also from a host that was away", async () => {
    const vc = await s.made();
    await refused("conflict", s.api.removeOwner(ANN), "web");
    await s.ended(await s.api.remove({ ...CAUSE, id: vc.id }), "done");
    s.master.detachWorker("alpha");
    await s.api.removeOwner(ANN);
    expect(s.worker.homes.has("annaaa")).toBe(true);
    s.master.attachWorker("alpha", s.worker);
    await until("data folder removed", () => !s.worker.homes.has("annaaa"), WAIT);
    // The row goes when the host has said that it is done.
    await until("nothing left to do", () => s.store.all("SELECT * FROM home_removals").length === 0, WAIT);
  });
});
