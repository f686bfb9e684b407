import { afterEach, beforeEach, expect, test } from "bun:test";
import { Stage as DataCentre } from "../../test/kit/master-stage.ts";
import { type Credentials, type Stage, supermasterStage } from "../../test/kit/supermaster-stage.ts";
import type { Me, Operation, Vcluster } from "../contracts/public/index.ts";
import { until } from "../lib/retry.ts";
import { systemClock } from "../os/clock.ts";

/** This wing over the real master: both keep to the contract between them, and usage follows what is. */
let centre: DataCentre;
let stage: Stage;
let alice: Credentials;
beforeEach(async () => {
  centre = await new DataCentre().up();
  stage = await supermasterStage({ master: centre.api, clock: systemClock });
  stage.clock.at = systemClock.now();
  stage.person("alice");
  alice = stage.session("alice");
});
afterEach(async () => {
  await stage.stop();
  await centre.down();
});

const ended = (op: Operation) =>
  until(
    "the operation ends",
    async () => (await stage.json<Operation>("GET", `/operations/${op.id}`, { as: alice })).endedAt,
    {
      timeoutMs: 5000,
    },
  );
const act = async (method: string, path: string, body?: unknown) =>
  ended(await stage.json<Operation>(method, path, { as: alice, ...(body === undefined ? {} : { body }) }));
const used = async () => (await stage.json<Me>("GET", "/me", { as: alice })).used;
const usedBecomes = async (want: object) => {
  const same = async () => Bun.deepMatch(want, await used());
  await until(JSON.stringify(want), same, { timeoutMs: 5000 });
};

test("a vcluster's whole life, and its quota follows", async () => {
  const made = await stage.json<{ vcluster: Vcluster; operation: Operation }>("POST", "/vclusters", {
    as: alice,
    body: { name: "lab", nodes: 2, image: "mini" },
  });
  await ended(made.operation);
  expect(await stage.json<Vcluster>("GET", "/vclusters/lab", { as: alice })).toMatchObject({
    state: "ready",
    owner: "alice",
  });
  await usedBecomes({ cpu: 2, nodes: 2 });
  await act("POST", "/vclusters/lab/scale", { nodes: 4 });
  await usedBecomes({ cpu: 4, nodes: 4 });
  await act("POST", "/vclusters/lab/scale", { nodes: 1 });
  await usedBecomes({ cpu: 1, nodes: 1 });
  await act("POST", "/vclusters/lab/stop");
  await usedBecomes({ cpu: 0, memory: 0, nodes: 1 });
  await act("POST", "/vclusters/lab/start");
  await usedBecomes({ cpu: 1 });
  await stage.json("PATCH", "/vclusters/lab", { as: alice, body: { name: "lab-2" } });
  await act("DELETE", "/vclusters/lab-2");
  await usedBecomes({ cpu: 0, disk: 0, nodes: 0, vclusters: 0 });
});

test("what the master has no room for takes nothing of the quota", async () => {
  await stage.json("PATCH", "/groups/default", { as: stage.session("root"), body: { quota: { cpu: 100_000 } } });
  const r = await stage.call("POST", "/vclusters", {
    as: alice,
    body: { image: "mini", nodes: 100, size: { cpu: 200 } },
  });
  expect(r.status).toBe(409);
  await usedBecomes({ cpu: 0, vclusters: 0 });
});

test("an image that nobody knows is refused, and the name stays free", async () => {
  const create = (image: string) => stage.call("POST", "/vclusters", { as: alice, body: { name: "lab", image } });
  const refused = await create("no-such-image");
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(refused.status).toBeLessThan(500);
  expect((await create("mini")).status).toBe(202);
});
