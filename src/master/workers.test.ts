import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { FakeWorker } from "../../test/kit/fake-worker.ts";
import { CAUSE, SIZE, Stage, WAIT } from "../../test/kit/master-stage.ts";
import { DockletError } from "../lib/errors.ts";
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

const reason = (id: string, text: string) =>
  until(`reason "${text}"`, async () => (await s.api.vcluster(id))?.reason?.includes(text), WAIT);

describe("a worker that", () => {
  test("refuses orders: pending with the reason, and tried again until it takes them", async () => {
    s.worker.misbehave.apply = () => {
      throw new DockletError("disk_full", "The pool is full.", "Free some.");
    };
    const { vcluster, operation } = await s.api.create(s.request());
    await reason(vcluster.id, "host alpha: The pool is full.");
    expect((await s.api.vcluster(vcluster.id))!.state).toBe("pending");
    s.worker.misbehave.apply = () => {};
    await s.ended(operation, "done");
    expect((await s.api.vcluster(vcluster.id))!.reason).toBeNull();
  });

  test("never answers: the click is answered all the same, and the order is given up and sent again", async () => {
    s.worker.misbehave.apply = () => new Promise(() => {});
    const { vcluster, operation } = await s.api.create(s.request());
    await reason(vcluster.id, "no answer within");
    s.worker.misbehave.apply = () => {};
    await s.ended(operation, "done");
  });

  test("is away: start waits for it, and goes on when it is back", async () => {
    const vc = await s.made();
    await s.ended(await s.api.stop({ ...CAUSE, id: vc.id }), "done");
    s.master.detachWorker("alpha");
    expect((await s.api.hosts())[0]).toMatchObject({ state: "unreachable", reason: "is not connected" });
    expect(await s.api.health()).toMatchObject({ ready: false, checks: { "host alpha": "is not connected" } });
    const op = await s.api.start({ ...CAUSE, id: vc.id });
    await reason(vc.id, "host alpha is not connected");
    expect((await s.api.vcluster(vc.id))!.state).toBe("pending");
    await expect(s.api.create(s.request({ name: "other" }))).rejects.toMatchObject({ code: "no_capacity" });
    s.master.attachWorker("alpha", s.worker);
    await s.ended(op, "done");
    expect(s.worker.listeners).toBe(1);
  });

  test("hangs and is connected anew: nobody waits for the old connection", async () => {
    s.worker.misbehave.apply = () => new Promise(() => {});
    const { operation } = await s.api.create(s.request());
    s.worker.misbehave.apply = () => {};
    s.master.attachWorker("alpha", s.worker);
    await s.ended(operation, "done");
  });

  test("has newer orders than we: said, not forced", async () => {
    s.worker.misbehave.apply = () => {
      throw new DockletError("stale_order", "older");
    };
    const { vcluster } = await s.api.create(s.request());
    await reason(vcluster.id, "was an old database restored?");
    s.worker.misbehave.apply = () => {};
  });

  test("says nothing: the operation stays open, and can be cancelled once it speaks", async () => {
    s.worker.misbehave.silent = true;
    const { operation } = await s.api.create(s.request());
    await until("order taken", () => s.worker.orders.length > 0, WAIT);
    await s.api.cancel(operation.id, CAUSE);
    s.worker.misbehave.silent = false;
    s.master.attachWorker("alpha", s.worker);
    await s.ended(operation, "cancelled");
    expect(s.leases()).toBe(0);
  });

  test("talks nonsense, or of nodes that are not its own: dropped", async () => {
    const vc = await s.made();
    const node = vc.nodes[0]!;
    const say = { type: "node", id: node.id, vcluster: vc.id, generation: 9, state: "failed", reason: "lies" };
    const rest = { slug: null, jupyterToken: null, warm: false, bootedAt: null };
    s.worker.tell({ type: "node", id: "DROP TABLE" } as never);
    s.worker.tell({ ...say, ...rest, vcluster: "zzzzzz" } as never);
    s.worker.tell({ ...say, ...rest, id: "zzzzzz" } as never);
    const other = new FakeWorker({ name: "beta" });
    s.master.attachWorker("beta", other);
    other.tell({ ...say, ...rest } as never);
    other.tell({ ...say, ...rest, state: "gone" } as never);
    // The host's own word comes after all of these.
    s.worker.tell({ ...s.worker.host, kernel: "7.0" });
    await until("host report", async () => (await s.api.hosts())[0]!.kernel === "7.0", WAIT);
    expect(await s.api.vcluster(vc.id)).toMatchObject({ state: "ready", nodes: vc.nodes });
  });

  test("gives two nodes one slug: the second is refused, the first keeps it", async () => {
    const vc = await s.made();
    const [a, b] = [s.worker.nodes.get(vc.nodes[0]!.id)!, s.worker.nodes.get(vc.nodes[1]!.id)!];
    const rest = { vcluster: vc.id, reason: null, jupyterToken: null, warm: false, bootedAt: 1, generation: 1 };
    s.worker.tell({ type: "node", id: b.id, state: "ready", slug: a.slug, ...rest });
    await reason(vc.id, "an address that another node has");
    expect(s.api.resolveSlug(a.slug!)?.node).toBe("host-0");
  });

  test("has lost a node: said so, and start makes it again", async () => {
    const vc = await s.made();
    const lost = s.worker.nodes.get(vc.nodes[1]!.id)!;
    s.worker.nodes.delete(lost.id);
    const rest = { reason: null, slug: null, jupyterToken: null, warm: false, bootedAt: null };
    s.worker.tell({ type: "node", id: lost.id, vcluster: vc.id, generation: 1, state: "gone", ...rest });
    expect((await s.state(vc.id, "failed")).reason).toContain("does not have it any more");
    await s.ended(await s.api.start({ ...CAUSE, id: vc.id }), "done");
  });

  test("lost power: what ran runs again after it came back", async () => {
    const vc = await s.made();
    s.master.detachWorker("alpha");
    s.worker.powerLoss();
    s.master.attachWorker("alpha", s.worker);
    await until("ready again", () => [...s.worker.nodes.values()].every((n) => n.state === "ready"), WAIT);
    const again = await s.state(vc.id, "ready");
    expect(again.nodes.map((n) => n.address)).toEqual(vc.nodes.map((n) => n.address));
  });
});

describe("orders of a new life", () => {
  test("are of a higher term; a host that has them as they are is not sent them", async () => {
    const vc = await s.made();
    const before = s.worker.orders.length;
    await s.restart();
    await until("compared", () => s.worker.term(vc.id) === 2, WAIT);
    expect((await s.api.vcluster(vc.id))!.state).toBe("ready");
    expect(s.api.resolveSlug(vc.nodes[0]!.slug!)).toMatchObject({ state: "ready" });
    await s.ended(await s.api.stop({ ...CAUSE, id: vc.id }), "done");
    expect(s.worker.orders.slice(before)).toMatchObject([{ term: 2, generation: 2, id: vc.id }]);
  });

  test("are sent where they are others", async () => {
    const vc = await s.made();
    s.store.write((tx) => tx.run("UPDATE vclusters SET generation = 7"));
    await s.restart();
    await until("sent", () => s.worker.orders.at(-1)?.term === 2, WAIT);
    expect(s.worker.orders.at(-1)).toMatchObject({ term: 2, generation: 7, id: vc.id });
  });

  test("are sent to a host that can't compare", async () => {
    const vc = await s.made();
    s.worker.misbehave.compare = () => {
      throw new DockletError("not_found", "The other side has no method compare.");
    };
    await s.restart();
    await until("sent", () => s.worker.orders.at(-1)?.term === 2, WAIT);
    expect(s.worker.orders.at(-1)).toMatchObject({ term: 2, generation: 1, id: vc.id });
  });

  test("are sent while something is not as it should be, so that it is tried again", async () => {
    await s.made();
    s.worker.powerLoss();
    await s.restart();
    await until("sent", () => s.worker.orders.at(-1)?.term === 2, WAIT);
  });
});

test("two hosts: nodes spread over them, each host is told of its own, all know all names", async () => {
  await s.down();
  s = await new Stage([{ name: "alpha" }, { name: "beta" }]).up();
  const vc = await s.made({ nodes: 4 });
  expect(vc.nodes.map((n) => n.host)).toEqual(["alpha", "beta", "alpha", "beta"]);
  for (const w of s.workers) {
    expect(w.orders[0]!.nodes).toHaveLength(2);
    expect(w.orders[0]!.hosts).toHaveLength(4);
  }
  await s.ended(await s.api.scale({ ...CAUSE, id: vc.id, nodes: 1, size: SIZE }), "done");
  expect(s.workers.map((w) => w.nodes.size)).toEqual([1, 0]);
  expect((await s.api.metrics(vc.id)).map((m) => [m.node, m.samples.length])).toEqual([["host-0", 1]]);
  await s.ended(await s.api.remove({ ...CAUSE, id: vc.id }), "done");
  expect(s.leases()).toBe(0);
});

test("streams go to the node by its id, and only into nodes that run", async () => {
  const vc = await s.made();
  const ask = { kind: "terminal" as const, node: "ignored", session: "1", cols: 80, rows: 24 };
  await s.api.openStream(vc.id, "host-1", ask);
  expect(s.worker.streams[0]).toMatchObject({ node: vc.nodes[1]!.id });
  await expect(s.api.openStream(vc.id, "host-9", ask)).rejects.toMatchObject({ code: "not_found" });
  await s.ended(await s.api.stop({ ...CAUSE, id: vc.id }), "done");
  await expect(s.api.openStream(vc.id, "host-1", ask)).rejects.toMatchObject({ code: "conflict" });
});

test("samples are passed on under names, and hosts show what is promised", async () => {
  const vc = await s.made();
  const at = { at: 1, cpu: 1, memory: 1, disk: 1, rx: 1, tx: 1, pids: 1 };
  s.worker.tell({ type: "sample", vcluster: vc.id, node: vc.nodes[0]!.id, sample: at });
  await until("sample", () => s.frames.some((f) => f.type === "metrics"), WAIT);
  expect(s.frames.find((f) => f.type === "metrics")?.data).toEqual({ vcluster: vc.id, node: "host-0", sample: at });
  expect((await s.api.hosts())[0]).toMatchObject({
    state: "ready",
    nodes: 2,
    reserved: { cpu: 2, memory: 2048, disk: 20_480 },
  });
});
