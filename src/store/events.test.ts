import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { appendEvent, listEvents } from "./events.ts";
import { Store } from "./store.ts";

const SCHEMA = readFileSync(join(import.meta.dir, "../../migrations/master/0001_init.sql"), "utf8");

function filled(count: number): Store {
  const store = Store.open(":memory:", [{ version: 1, name: "init", sql: SCHEMA }]);
  store.write((tx) => {
    for (let n = 1; n <= count; n++)
      appendEvent(tx, "m", {
        at: n * 10,
        actor: "ada",
        action: "vcluster.create",
        object: `vcluster/${n % 2 ? "odd" : "even"}`,
        owner: n % 3 ? "u1" : null,
        result: "ok",
        message: `event ${n}`,
        requestId: null,
      });
  });
  return store;
}
type Filter = Parameters<typeof listEvents>[2];

function walk(store: Store, filter: Omit<Filter, "cursor">): string[] {
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = listEvents(store, "m", { ...filter, cursor });
    expect(page.items.length).toBeLessThanOrEqual(filter.limit);
    seen.push(...page.items.map((e) => e.id));
    if (page.next === null) return seen;
    cursor = page.next;
  }
}
const ids = (...n: number[]) => n.map((i) => `m${i}`);

test("pages join to the whole, newest first, for every page size", () => {
  const store = filled(7);
  for (let limit = 1; limit <= 9; limit++)
    expect(walk(store, { owner: null, limit })).toEqual(ids(7, 6, 5, 4, 3, 2, 1));
});

test("what comes in while somebody pages moves nothing", () => {
  const store = filled(4);
  const first = listEvents(store, "m", { owner: null, limit: 2 });
  store.write((tx) => appendEvent(tx, "m", { ...first.items[0]!, message: "new" }));
  const second = listEvents(store, "m", { owner: null, limit: 2, cursor: first.next! });
  expect([...first.items, ...second.items].map((e) => e.id)).toEqual(ids(4, 3, 2, 1));
});

test("filters by owner and object, also page by page", () => {
  const store = filled(9);
  expect(walk(store, { owner: "u1", limit: 2 })).toEqual(ids(8, 7, 5, 4, 2, 1));
  expect(walk(store, { owner: null, object: "vcluster/odd", limit: 2 })).toEqual(ids(9, 7, 5, 3, 1));
  expect(walk(store, { owner: "u1", object: "vcluster/odd", limit: 1 })).toEqual(ids(7, 5, 1));
  expect(walk(store, { owner: "nobody", limit: 5 })).toEqual([]);
});

test("a cursor that is no cursor is the end, not an error and not the beginning", () => {
  const store = filled(3);
  for (const cursor of ["", "x", "m", "m-1", "mNaN", "'; DROP TABLE events"])
    expect(listEvents(store, "m", { owner: null, limit: 5, cursor })).toEqual({ items: [], next: null });
});

test("an event comes back as it was told, its message cut where it is endless", () => {
  const store = filled(0);
  const told = {
    at: 5,
    actor: "root",
    action: "user.add",
    object: "user/bob",
    owner: "u2",
    result: "failed" as const,
    message: "x".repeat(5000),
    requestId: "r1",
  };
  const event = store.write((tx) => appendEvent(tx, "m", told));
  expect(event).toEqual({ ...told, id: "m1", message: "x".repeat(2000) });
  expect(listEvents(store, "m", { owner: "u2", limit: 1 }).items).toEqual([event]);
});
