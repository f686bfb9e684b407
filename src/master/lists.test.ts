import { afterAll, beforeAll, expect, test } from "bun:test";
import { BOB, CAUSE, Stage } from "../../test/kit/master-stage.ts";

let s: Stage;
beforeAll(async () => {
  s = await new Stage().up();
  for (let i = 0; i < 5; i++) await s.made({ name: `v${i}`, nodes: 1 });
  await s.made({ name: "v0", owner: BOB, nodes: 3 });
});
afterAll(() => s.down());

async function all<T>(page: (cursor?: string) => Promise<{ items: T[]; next: string | null }>): Promise<T[]> {
  const out: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const { items, next } = await page(cursor);
    out.push(...items);
    if (next === null) return out;
    cursor = next;
  }
}

test("vclusters: newest first, by page, mine or everybody's", async () => {
  const mine = await all((cursor) => s.api.vclusters({ owner: "ann", cursor, limit: 2 }));
  expect(mine.map((v) => v.name)).toEqual(["v4", "v3", "v2", "v1", "v0"]);
  const every = await all((cursor) => s.api.vclusters({ owner: null, cursor, limit: 6 }));
  expect(every.map((v) => [v.owner, v.nodes.length])).toEqual([["bob", 3], ...mine.map(() => ["ann", 1])]);
  expect(await s.api.vclusters({ owner: "nobody", limit: 5 })).toEqual({ items: [], next: null });
  expect((await s.api.vclusters({ owner: null, cursor: "'; --", limit: 5 })).items).toEqual([]);
});

test("operations: by page, object, and whether they run", async () => {
  const ops = await all((cursor) => s.api.operations({ owner: "ann", cursor, limit: 2 }));
  expect(ops.map((o) => o.object)).toEqual(["v4", "v3", "v2", "v1", "v0"]);
  expect((await s.api.operations({ owner: null, active: true, limit: 9 })).items).toEqual([]);
  expect((await s.api.operations({ owner: null, active: false, object: "v0", limit: 9 })).items).toHaveLength(2);
  expect(await s.api.operation("op_none")).toBeNull();
});

test("events: who, what, with which result, newest first", async () => {
  const events = await all((cursor) => s.api.events({ owner: "bob", cursor, limit: 1 }));
  expect(events.map((e) => [e.action, e.actor, e.object, e.result, e.requestId])).toEqual([
    ["vcluster.create", CAUSE.actor, "v0", "ok", CAUSE.requestId],
    ["vcluster.create", CAUSE.actor, "v0", "info", CAUSE.requestId],
  ]);
  expect(events[1]!.message).toBe("3 × mini, 1 core, 1 GiB memory, 10 GiB disk each");
});

test("metrics of a vcluster that is not there: said so", async () => {
  expect(s.api.metrics("zzzzzz")).rejects.toMatchObject({ code: "not_found" });
});
