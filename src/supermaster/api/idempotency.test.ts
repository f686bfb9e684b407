import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Credentials, type Stage, supermasterStage } from "../../../test/kit/supermaster-stage.ts";
import type { Vcluster } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";

let stage: Stage;
let alice: Credentials;
beforeEach(async () => {
  stage = await supermasterStage();
  stage.person("alice");
  alice = stage.session("alice");
});
afterEach(() => stage.stop());

const post = (path: string, key: string, body: unknown, as = alice) =>
  stage.call("POST", path, { as, body, headers: { "idempotency-key": key } });

test("the same key and body is done once and answered the same, also at the same moment", async () => {
  const answers = await Promise.all([1, 2, 3].map(() => post("/vclusters", "k-1", { nodes: 2 })));
  const bodies = await Promise.all(answers.map((r) => r.text()));
  expect(answers.map((r) => r.status)).toEqual([202, 202, 202]);
  expect(new Set(bodies).size).toBe(1);
  expect(stage.master.rows.size).toBe(1);
});

test("another body with the same key is refused; another person's key is another key", async () => {
  await post("/vclusters", "k-1", { name: "one" });
  expect((await post("/vclusters", "k-1", { name: "two" })).status).toBe(409);
  stage.person("bob");
  expect((await post("/vclusters", "k-1", { name: "two" }, stage.session("bob"))).status).toBe(202);
});

test("what failed may be tried again with the same key", async () => {
  stage.master.failNext("create", new DockletError("unavailable", "Away."));
  expect((await post("/vclusters", "k-1", { name: "one" })).status).toBe(503);
  expect((await post("/vclusters", "k-1", { name: "one" })).status).toBe(202);
});

test("after a crash between doing and remembering, the key finds what was made", async () => {
  const first = (await (await post("/vclusters", "k-1", {})).json()) as { vcluster: Vcluster };
  stage.store.write((tx) => tx.run("DELETE FROM idempotency"));
  const again = (await (await post("/vclusters", "k-1", {})).json()) as { vcluster: Vcluster };
  expect(again.vcluster.id).toBe(first.vcluster.id);
  expect(stage.master.rows.size).toBe(1);
});

test("answers with a secret are not kept, and not made twice", async () => {
  expect((await post("/tokens", "k-1", { name: "t" })).status).toBe(201);
  const again = await post("/tokens", "k-1", { name: "t" });
  expect(again.status).toBe(409);
  expect(await again.json()).toMatchObject({ details: { reason: "secret_shown_once" } });
  expect(stage.store.all("SELECT 1 FROM tokens")).toHaveLength(1);
});

test("keys are forgotten after a day, and nonsense is refused", async () => {
  await post("/vclusters", "k-1", { name: "one" });
  stage.clock.pass(23 * 3_600_000);
  expect((await post("/vclusters", "k-1", { name: "one" })).status).toBe(202);
  stage.clock.pass(3_600_000);
  await stage.wing.sweep();
  alice = stage.session("alice");
  expect((await post("/vclusters", "k-1", { name: "two" })).status).toBe(202);
  expect((await post("/vclusters", "has space", { name: "x" })).status).toBe(400);
  expect((await post("/vclusters", "x".repeat(201), { name: "x" })).status).toBe(400);
});
