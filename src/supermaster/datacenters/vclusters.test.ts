import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Credentials, type Stage, supermasterStage } from "../../../test/kit/supermaster-stage.ts";
import type { Me, Operation, Problem, Vcluster } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";

let stage: Stage;
let alice: Credentials;
beforeEach(async () => {
  stage = await supermasterStage();
  stage.person("alice");
  alice = stage.session("alice");
});
afterEach(() => stage.stop());

const create = (body: object = {}, as = alice) =>
  stage.json<{ vcluster: Vcluster; operation: Operation }>("POST", "/vclusters", { as, body });
const used = async () => (await stage.json<Me>("GET", "/me", { as: alice })).used;
const post = (path: string, body?: unknown, as = alice) =>
  stage.call("POST", path, { as, ...(body === undefined ? {} : { body }) });
const quota = (q: object) => stage.json("PATCH", "/groups/default", { as: stage.session("root"), body: { quota: q } });
const refused = async (r: Response): Promise<Problem> => {
  expect(r.status).toBeGreaterThanOrEqual(400);
  return (await r.json()) as Problem;
};
/** Lets promises that nobody waits for come to their end. */
const settle = () => new Promise((r) => setTimeout(r, 1));

describe("making one", () => {
  test("needs nothing said: a pleasant name, one node, the default image", async () => {
    const { vcluster, operation } = await create();
    expect(vcluster.name).toMatch(/^[a-z]+-[a-z]+$/);
    expect(vcluster).toMatchObject({ owner: "alice", image: "base" });
    expect(operation.kind).toBe("vcluster.create");
    expect(await used()).toEqual({ cpu: 1, memory: 1024, disk: 10_240, nodes: 1, vclusters: 1 });
    expect(stage.master.calls.find((c) => c.method === "create")?.args).toMatchObject({
      id: vcluster.id,
      actor: "alice",
      owner: { home: 10_240 },
    });
  });

  test("the same name twice at once: exactly one is made", async () => {
    const statuses = await Promise.all([1, 2, 3].map(async () => (await post("/vclusters", { name: "lab" })).status));
    expect(statuses.sort()).toEqual([202, 409, 409]);
    expect((await used()).vclusters).toBe(1);
    stage.person("bob");
    expect((await post("/vclusters", { name: "lab" }, stage.session("bob"))).status).toBe(202);
  });

  test("what the master refuses takes nothing of the quota, and the name is free again", async () => {
    stage.master.failNext(
      "create",
      new DockletError("no_capacity", "The host has 1 core left, 4 were asked.", "Ask for less."),
    );
    expect(await refused(await post("/vclusters", { name: "lab" }))).toMatchObject({
      status: 409,
      code: "no_capacity",
    });
    expect((await used()).vclusters).toBe(0);
    expect((await post("/vclusters", { name: "lab" })).status).toBe(202);
  });

  test("an answer that got lost is settled by asking: made is made", async () => {
    stage.master.failNext("create", new DockletError("unavailable", "The connection broke."), "after");
    expect(await refused(await post("/vclusters", { name: "lab" }))).toMatchObject({ status: 503 });
    await settle();
    expect(await stage.json<Vcluster>("GET", "/vclusters/lab", { as: alice })).toMatchObject({ state: "ready" });
    expect((await used()).vclusters).toBe(1);
  });
});

describe("quota", () => {
  test("a refusal says what was asked, what is used, what is left, and by which quota", async () => {
    await quota({ cpu: 4, nodes: 3 });
    await create({ nodes: 2 });
    const p = await refused(await post("/vclusters", { nodes: 2, size: { cpu: 2 } }));
    expect(p).toMatchObject({ status: 409, code: "quota_exceeded" });
    expect(p.message).toBe(
      'Over the quota of the group "default": 4 cores of cpu asked, but 2 cores of cpu of your 4 cores of cpu in use, so 2 cores of cpu left; ' +
        "2 nodes asked, but 2 nodes of your 3 nodes in use, so 1 node left.",
    );
    expect(p.hint).not.toBe("");
  });

  test("many at once never go over it together", async () => {
    await quota({ vclusters: 3 });
    const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await post("/vclusters", {})).status));
    expect(statuses.filter((s) => s === 202)).toHaveLength(3);
    expect((await used()).vclusters).toBe(3);
  });

  test("stopped ones give cpu and memory back, but keep nodes and disk; starting asks again", async () => {
    await quota({ cpu: 2 });
    await create({ name: "one", nodes: 2 });
    await post("/vclusters/one/stop");
    await settle();
    expect(await used()).toEqual({ cpu: 0, memory: 0, disk: 20_480, nodes: 2, vclusters: 1 });
    await create({ name: "two" });
    expect(await refused(await post("/vclusters/one/start"))).toMatchObject({ code: "quota_exceeded" });
    await stage.json("DELETE", "/vclusters/two", { as: alice });
    expect((await post("/vclusters/one/start")).status).toBe(202);
    expect((await used()).cpu).toBe(2);
  });

  test("scaling out takes the larger first and is settled by what came of it", async () => {
    stage.master.auto = false;
    const { operation } = await create({ name: "one" });
    stage.master.finish(operation.id);
    const out = (await (await post("/vclusters/one/scale", { nodes: 4 })).json()) as Operation;
    expect((await used()).nodes).toBe(4);
    stage.master.finish(out.id, "failed");
    await settle();
    expect(await used()).toMatchObject({ nodes: 1, cpu: 1 });
    stage.master.auto = true;
    await post("/vclusters/one/scale", { nodes: 3, size: { memory: 2048 } });
    await settle();
    expect(await used()).toMatchObject({ nodes: 3, memory: 1024 + 2 * 2048 });
    await post("/vclusters/one/scale", { nodes: 2 });
    await settle();
    expect(await used()).toMatchObject({ nodes: 2, memory: 1024 + 2048 });
  });

  test("only admins move one and drain a host; the operation is the owner's to follow", async () => {
    await create({ name: "one", nodes: 2 });
    const root = stage.session("root");
    expect((await post("/vclusters/one/move", { to: "other" })).status).toBe(403);
    const path = "/vclusters/one/move?owner=alice";
    expect((await refused(await post(path, { nodes: [] }, root))).status).toBe(422);
    const moving = (await (await post(path, { nodes: ["host-1"], to: "other" }, root)).json()) as Operation;
    expect(moving).toMatchObject({ kind: "vcluster.move", object: "one", owner: "alice" });
    expect(stage.master.calls.find((c) => c.method === "move")?.args).toMatchObject({ nodes: ["host-1"], to: "other" });
    expect((await stage.call("GET", `/operations/${moving.id}`, { as: alice })).status).toBe(200);
    const { name } = stage.master.hostList[0]!;
    expect((await post(`/hosts/${name}/drain`, {})).status).toBe(403);
    const draining = (await (await post(`/hosts/${name}/drain`, {}, root)).json()) as Operation;
    expect(draining).toMatchObject({ kind: "host.drain", object: name, owner: "root" });
    expect((await stage.call("GET", `/operations/${draining.id}`, { as: alice })).status).toBe(403);
  });

  test("a refused scale or start gives back what it had taken", async () => {
    await create({ name: "one" });
    stage.master.failNext("scale", new DockletError("no_capacity", "Full."));
    expect((await post("/vclusters/one/scale", { nodes: 5 })).status).toBe(409);
    await settle();
    expect((await used()).nodes).toBe(1);
    await post("/vclusters/one/stop");
    stage.master.failNext("start", new DockletError("no_capacity", "Full."));
    expect((await post("/vclusters/one/start")).status).toBe(409);
    await settle();
    expect((await used()).cpu).toBe(0);
  });

  test("it is free again only when the vcluster is really gone", async () => {
    await create({ name: "one" });
    stage.master.auto = false;
    const op = (await (await stage.call("DELETE", "/vclusters/one", { as: alice })).json()) as Operation;
    expect((await used()).vclusters).toBe(1);
    expect((await post("/vclusters/one/start")).status).toBe(409);
    stage.master.finish(op.id);
    expect((await used()).vclusters).toBe(0);
    expect((await stage.call("GET", "/vclusters/one", { as: alice })).status).toBe(404);
  });
});

describe("what a crash left", () => {
  const reserved = (age: number) => {
    stage.store.write((tx) =>
      tx.run(
        "INSERT INTO allocations VALUES ('abcdef', $owner, 'ghost', 'base', 1, 1, 1024, 10240, 1, 1024, 10240, 1, 'reserved', 'r', NULL, $at)",
        { owner: stage.idOf("alice"), at: stage.clock.now() - age },
      ),
    );
  };

  test("a reservation that never reached the master is released after a minute, not before", async () => {
    reserved(0);
    stage.clock.pass(30_000);
    await stage.wing.sweep();
    expect((await used()).vclusters).toBe(1);
    stage.clock.pass(31_000);
    await stage.wing.sweep();
    expect((await used()).vclusters).toBe(0);
  });

  test("one that docklet was killed over is released as soon as it is back", async () => {
    reserved(1);
    await stage.wing.sweep();
    expect((await used()).vclusters).toBe(0);
  });

  test("one that did reach it is confirmed, with what it really has", async () => {
    const { vcluster } = await create({ name: "one", nodes: 3 });
    stage.store.write((tx) =>
      tx.run("UPDATE allocations SET state = 'reserved', nodes = 1 WHERE id = ?", [vcluster.id]),
    );
    stage.clock.pass(61_000);
    await stage.wing.sweep();
    expect(stage.store.get("SELECT state, nodes FROM allocations")).toEqual({ state: "confirmed", nodes: 3 });
  });

  test("a vcluster that the master has lost gives its quota back", async () => {
    const { vcluster } = await create();
    stage.master.rows.delete(vcluster.id);
    stage.clock.pass(61_000);
    await stage.wing.sweep();
    expect((await used()).vclusters).toBe(0);
  });

  test("a master that does not answer is no reason to release anything", async () => {
    await create();
    stage.clock.pass(61_000);
    stage.master.failNext("vcluster", new Error("gone"));
    await stage.wing.sweep();
    expect((await used()).vclusters).toBe(1);
  });
});

describe("renaming, owners and lists", () => {
  test("a new name; a taken one is refused; what the master refuses leaves the old one", async () => {
    await create({ name: "one" });
    await create({ name: "two" });
    const patch = (name: string) => stage.call("PATCH", "/vclusters/one", { as: alice, body: { name } });
    expect((await patch("two")).status).toBe(409);
    stage.master.failNext("rename", new DockletError("unavailable", "Away."));
    expect((await patch("three")).status).toBe(503);
    expect((await stage.call("GET", "/vclusters/one", { as: alice })).status).toBe(200);
    expect((await (await patch("three")).json()) as Vcluster).toMatchObject({ name: "three" });
    expect((await stage.call("GET", "/vclusters/three", { as: alice })).status).toBe(200);
  });

  test("admins see everybody's with *, people only theirs", async () => {
    stage.person("bob");
    await create({ name: "one" });
    await create({ name: "two" }, stage.session("bob"));
    const names = async (as: Credentials, query = "") =>
      (await stage.json<{ items: Vcluster[] }>("GET", `/vclusters${query}`, { as })).items.map(
        (v) => `${v.owner}/${v.name}`,
      );
    expect(await names(alice)).toEqual(["alice/one"]);
    const root = stage.session("root");
    expect(await names(root)).toEqual([]);
    expect((await names(root, "?owner=*")).sort()).toEqual(["alice/one", "bob/two"]);
    expect(await names(root, "?owner=bob")).toEqual(["bob/two"]);
    for (const owner of ["*", "bob", "nobody"]) {
      expect((await stage.call("GET", `/vclusters?owner=${owner}`, { as: alice })).status).toBe(403);
    }
  });

  test("history and metrics of one", async () => {
    await create({ name: "one" });
    stage.clock.pass(5);
    await post("/vclusters/one/open", {});
    const { items } = await stage.json<{ items: { action: string }[] }>("GET", "/vclusters/one/events", { as: alice });
    expect(items.map((e) => e.action)).toEqual(["vcluster.open", "vcluster.create"]);
    const metrics = await stage.json<{ items: { node: string }[] }>("GET", "/vclusters/one/metrics", { as: alice });
    expect(metrics.items.map((m) => m.node)).toEqual(["host-0"]);
  });

  test("operations: one's own, and only they can be cancelled", async () => {
    stage.master.auto = false;
    const { operation } = await create({ name: "one" });
    stage.person("mallory");
    const mallory = stage.session("mallory");
    expect((await stage.call("GET", `/operations/${operation.id}`, { as: mallory })).status).toBe(403);
    expect((await post(`/operations/${operation.id}/cancel`, undefined, mallory)).status).toBe(403);
    const listed = (as: Credentials, q = "") => stage.json<{ items: Operation[] }>("GET", `/operations${q}`, { as });
    expect((await listed(mallory)).items).toEqual([]);
    expect((await listed(alice, "?active=true")).items).toHaveLength(1);
    expect((await listed(alice, "?active=false")).items).toHaveLength(0);
    expect((await post(`/operations/${operation.id}/cancel`)).status).toBe(200);
  });
});
