import { beforeEach, expect, test } from "bun:test";
import { QueryClient } from "@tanstack/react-query";
import {
  DEFAULT_ON_HOST_LOSS,
  DEFAULT_PLACEMENT,
  type Event,
  type Operation,
  type Sample,
  type Vcluster,
} from "../../contracts/public/index.ts";
import { keys } from "../app/queries.ts";
import { addSample, applyFrame } from "./reducer.ts";

let cache: QueryClient;
beforeEach(() => {
  cache = new QueryClient();
});

const vc = (over: Partial<Vcluster> = {}): Vcluster => ({
  id: "abc",
  name: "lab",
  owner: "ann",
  image: "base",
  state: "ready",
  reason: null,
  desired: "running",
  subnet: null,
  nodes: [],
  operation: null,
  placement: DEFAULT_PLACEMENT,
  onHostLoss: DEFAULT_ON_HOST_LOSS,
  createdAt: 1,
  ...over,
});
const op = (over: Partial<Operation> = {}): Operation => ({
  id: "op1",
  kind: "vcluster.create",
  owner: "ann",
  object: "lab",
  state: "running",
  steps: [],
  error: null,
  cancellable: true,
  startedAt: 1,
  endedAt: null,
  ...over,
});
const event = (id: string, over: Partial<Event> = {}): Event => ({
  id,
  at: 1,
  actor: "ann",
  action: "vcluster.create",
  object: "lab",
  owner: "ann",
  result: "ok",
  message: "",
  requestId: null,
  ...over,
});
const sample = (at: number): Sample => ({ at, cpu: 0, memory: 0, disk: 0, rx: 0, tx: 0, pids: 1 });

test("a new vcluster of mine is on top of my list, another person's only in everybody's", () => {
  cache.setQueryData(keys.vclusters("mine"), [vc()]);
  cache.setQueryData(keys.vclusters("all"), [vc()]);
  applyFrame(cache, { type: "vcluster", data: vc({ id: "new", name: "two" }) }, "ann");
  applyFrame(cache, { type: "vcluster", data: vc({ id: "bobs", owner: "bob" }) }, "ann");
  const names = (key: readonly unknown[]) => cache.getQueryData<Vcluster[]>(key)!.map((v) => v.id);
  expect(names(keys.vclusters("mine"))).toEqual(["new", "abc"]);
  expect(names(keys.vclusters("all"))).toEqual(["bobs", "new", "abc"]);
});

test("a list that nobody has loaded stays unloaded", () => {
  applyFrame(cache, { type: "vcluster", data: vc() }, "ann");
  expect(cache.getQueryData(keys.vclusters("mine"))).toBeUndefined();
  expect(cache.getQueryData<Vcluster>(keys.vcluster("ann", "lab"))?.id).toBe("abc");
});

test("a rename reaches the page that shows it by the old name", () => {
  cache.setQueryData(keys.vcluster("ann", "lab"), vc());
  applyFrame(cache, { type: "vcluster", data: vc({ name: "renamed" }) }, "ann");
  expect(cache.getQueryData<Vcluster>(keys.vcluster("ann", "lab"))?.name).toBe("renamed");
  expect(cache.getQueryData<Vcluster>(keys.vcluster("ann", "renamed"))?.name).toBe("renamed");
});

test("what an admin hears of others is kept one by one only where somebody looks at it", () => {
  applyFrame(cache, { type: "vcluster", data: vc({ owner: "bob" }) }, "ann");
  expect(cache.getQueryData(keys.vcluster("bob", "lab"))).toBeUndefined();
  cache.setQueryData(keys.vcluster("bob", "lab"), vc({ owner: "bob", id: "before" }));
  applyFrame(cache, { type: "vcluster", data: vc({ owner: "bob" }) }, "ann");
  expect(cache.getQueryData<Vcluster>(keys.vcluster("bob", "lab"))?.id).toBe("abc");
});

test("a deleted vcluster leaves the lists and its page knows", () => {
  cache.setQueryData(keys.vclusters("mine"), [vc()]);
  cache.setQueryData(keys.vcluster("ann", "lab"), vc());
  applyFrame(cache, { type: "vcluster.deleted", data: { id: "abc", name: "lab", owner: "ann" } }, "ann");
  expect(cache.getQueryData<Vcluster[]>(keys.vclusters("mine"))).toEqual([]);
  expect(cache.getQueryData<Vcluster>(keys.vcluster("ann", "lab"))?.desired).toBe("deleted");
});

test("a late answer never revives a finished operation", () => {
  cache.setQueryData(keys.operations, [op({ state: "done", endedAt: 5 })]);
  applyFrame(cache, { type: "operation", data: op() }, "ann");
  expect(cache.getQueryData<Operation[]>(keys.operations)![0]!.state).toBe("done");
});

test("events come on top once, and only where the filter lets them through", () => {
  const pages = (ids: string[]) => ({
    pages: [{ items: ids.map((id) => event(id)), next: null }],
    pageParams: [undefined],
  });
  cache.setQueryData(keys.events({}), pages(["1"]));
  cache.setQueryData(keys.events({ object: "other" }), pages([]));
  applyFrame(cache, { type: "event", data: event("2") }, "ann");
  applyFrame(cache, { type: "event", data: event("2") }, "ann");
  const ids = (key: readonly unknown[]) =>
    cache.getQueryData<ReturnType<typeof pages>>(key)!.pages.flatMap((p) => p.items.map((e) => e.id));
  expect(ids(keys.events({}))).toEqual(["2", "1"]);
  expect(ids(keys.events({ object: "other" }))).toEqual([]);
});

test("samples keep one hour, in order, without repeats", () => {
  let series = [{ node: "host-0", samples: [sample(1000)] }];
  series = addSample(series, { node: "host-0", sample: sample(2000) });
  expect(addSample(series, { node: "host-0", sample: sample(2000) })).toBe(series);
  expect(addSample(series, { node: "host-0", sample: sample(1500) })).toBe(series);
  series = addSample(series, { node: "host-0", sample: sample(2000 + 3_600_000) });
  expect(series[0]!.samples.map((s) => s.at)).toEqual([2000 + 3_600_000]);
  expect(addSample(series, { node: "host-1", sample: sample(1) }).map((s) => s.node)).toEqual(["host-0", "host-1"]);
});

test("hello makes everything stale", () => {
  cache.setQueryData(keys.images, []);
  applyFrame(cache, { type: "hello", at: 1 }, "ann");
  expect(cache.getQueryState(keys.images)?.isInvalidated).toBe(true);
});
