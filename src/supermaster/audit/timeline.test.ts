import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Credentials, type Stage, supermasterStage } from "../../../test/kit/supermaster-stage.ts";
import type { Event } from "../../contracts/public/index.ts";

let stage: Stage;
let root: Credentials;
beforeEach(async () => {
  stage = await supermasterStage();
  root = stage.session("root");
});
afterEach(() => stage.stop());

type Page = { items: Event[]; next: string | null };

test("both histories are one list, newest first, whatever the size of a page", async () => {
  for (let i = 0; i < 9; i++) {
    stage.clock.pass(10);
    if (i % 3 === 0) await stage.json("POST", "/groups", { as: root, body: { name: `g${i}` } });
    else stage.master.addEvent({ object: `m${i}` });
  }
  const whole = (await stage.json<Page>("GET", "/events", { as: root })).items.map((e) => e.object);
  expect(whole).toEqual(["m8", "m7", "g6", "m5", "m4", "g3", "m2", "m1", "g0", "root"]);
  for (const limit of [1, 2, 3, 7]) {
    const pages: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Page = await stage.json<Page>("GET", `/events?limit=${limit}${cursor ? `&cursor=${cursor}` : ""}`, {
        as: root,
      });
      expect(page.items.length).toBeLessThanOrEqual(limit);
      pages.push(...page.items.map((e) => e.object));
      cursor = page.next;
    } while (cursor);
    expect(pages).toEqual(whole);
  }
});

test("people see their own, admins everybody's or one person's", async () => {
  stage.person("alice");
  stage.clock.pass(10);
  stage.master.addEvent({ owner: "alice", object: "hers" });
  stage.master.addEvent({ owner: "bob", object: "his" });
  const objects = async (as: Credentials, q = "") =>
    (await stage.json<Page>("GET", `/events${q}`, { as })).items.map((e) => e.object);
  const alice = stage.session("alice");
  expect(await objects(alice)).toEqual(["hers"]);
  expect((await stage.call("GET", "/events?owner=bob", { as: alice })).status).toBe(403);
  expect(await objects(root)).toEqual(["/api/v1/events", "his", "hers", "root"]);
  expect(await objects(root, "?owner=bob")).toEqual(["his"]);
  expect(await objects(root, "?object=hers")).toEqual(["hers"]);
});

test("refused attempts are history, once a minute each and sixty a minute in all", async () => {
  stage.person("mallory");
  const mallory = stage.session("mallory");
  for (let i = 0; i < 5; i++) await stage.call("GET", "/users", { as: mallory });
  const denied = () => stage.store.all("SELECT actor, action FROM events WHERE result = 'denied'");
  expect(denied()).toEqual([{ actor: "mallory", action: "user.read" }]);
  for (let i = 0; i < 100; i++) await stage.call("DELETE", `/users/u${i}`, { as: mallory });
  expect(denied()).toHaveLength(60);
});
