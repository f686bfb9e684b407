import { beforeEach, expect, test } from "bun:test";
import { openStoreOf, StoppedClock } from "../../../test/kit/worker-parts.ts";
import type { Sample } from "../../contracts/public/index.ts";
import type { Cgroups } from "../../os/cgroup/cgroup.ts";
import type { Store } from "../../store/store.ts";
import { Layout } from "../layout.ts";
import type { Instance } from "../nodes/instances.ts";
import { SAMPLE_MS, Sampler } from "./sampler.ts";

const HOUR = 3_600_000;
const node = (id: string, name = `node-${id}`) => ({ id, node: name, vcluster: "v" }) as Instance;
const A = node("aaaaaa");
const B = node("bbbbbb");

let clock: StoppedClock;
let store: Store;
let counters: { cpu: number; memory: number; pids: number; received: number; sent: number } | null;
let disk: Map<string, number>;
let diskAsked: number;
let emitted: { node: string; sample: Sample }[];
let sampler: Sampler;

const open = () =>
  new Sampler({
    layout: new Layout("/x", "ab"),
    clock,
    store,
    cgroups: {
      use: () => {
        if (!counters) throw new Error("ENOENT");
        return counters;
      },
    } as unknown as Cgroups,
    bytes: () => [counters!.received, counters!.sent],
    disk: async () => {
      diskAsked++;
      return disk;
    },
    emit: (i, sample) => emitted.push({ node: i.node!, sample }),
  });
async function round(nodes: Instance[], ms = SAMPLE_MS): Promise<void> {
  clock.move(ms);
  await sampler.sample(nodes);
}

beforeEach(() => {
  clock = new StoppedClock(10 * HOUR);
  store = openStoreOf("metrics");
  counters = { cpu: 5e9, memory: 1000, pids: 3, received: 0, sent: 0 };
  disk = new Map([["nodes/aaaaaa", 4096]]);
  diskAsked = 0;
  emitted = [];
  sampler = open();
});

test("rates come from two looks at the counters; what the host end sends the node receives", async () => {
  await round([A]);
  expect(emitted).toEqual([]);
  counters = { cpu: 5e9 + 10e9, memory: 2000, pids: 4, received: 5_000, sent: 50_000 };
  await round([A]);
  const sample = { at: clock.now(), cpu: 2, memory: 2000, disk: 4096, rx: 10_000, tx: 1_000, pids: 4 };
  expect(emitted).toEqual([{ node: "node-aaaaaa", sample }]);
  expect(sampler.history("node-aaaaaa")).toEqual([sample]);
});

test("counters that begin anew give nothing negative", async () => {
  await round([A]);
  counters = { cpu: 0, memory: 1, pids: 1, received: 0, sent: 0 };
  await round([A]);
  expect(emitted[0]!.sample).toMatchObject({ cpu: 0, rx: 0, tx: 0 });
});

test("a clock that stands or jumps back gives no sample, and the next is right again", async () => {
  await round([A]);
  await round([A], 0);
  await round([A], -60_000);
  expect(emitted).toEqual([]);
  counters!.cpu += 5e9;
  await round([A]);
  expect(emitted[0]!.sample.cpu).toBe(1);
});

test("a node that ended between the list and the look is left out, and begins anew when it is back", async () => {
  await round([A]);
  const before = counters;
  counters = null;
  await round([A]);
  counters = before;
  await round([A]);
  expect(emitted).toEqual([]);
  await round([A]);
  expect(emitted).toHaveLength(1);
});

test("a node that was not running for a while gets no rate over the gap", async () => {
  await round([A]);
  await round([]);
  counters!.cpu += 100e9;
  await round([A]);
  expect(emitted).toEqual([]);
});

test("an hour of history, of nodes that stopped too; then nothing of them is kept", async () => {
  for (let i = 0; i < 730; i++) await round(i < 10 ? [A, B] : [A]);
  const all = sampler.history("node-aaaaaa");
  expect(all).toHaveLength(720);
  expect(all.at(-1)!.at - all[0]!.at).toBe(HOUR - SAMPLE_MS);
  expect(sampler.history("node-bbbbbb").length).toBeLessThan(10);
  sampler.flush();
  expect(store.get<{ n: number }>("SELECT count(*) AS n FROM samples WHERE at <= ?", [clock.now() - HOUR])!.n).toBe(0);
  clock.move(HOUR);
  expect(sampler.history("node-aaaaaa")).toEqual([]);
  expect(sampler.history("nobody")).toEqual([]);
});

test("what was flushed is there after a restart, up to an hour old", async () => {
  for (let i = 0; i < 4; i++) await round([A]);
  sampler.flush();
  const before = sampler.history("node-aaaaaa");
  expect(before).toHaveLength(3);
  sampler = open();
  expect(sampler.history("node-aaaaaa")).toEqual(before);
  clock.move(HOUR - SAMPLE_MS);
  sampler = open();
  expect(sampler.history("node-aaaaaa")).toEqual(before.slice(2));
});

test("the pool is asked every half minute, not at every look", async () => {
  for (let i = 0; i < 13; i++) await round([A]);
  expect(diskAsked).toBe(3);
});
