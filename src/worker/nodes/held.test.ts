import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FakeImages, FakeRuntime, openStoreOf, orderOf, StoppedClock } from "../../../test/kit/worker-parts.ts";
import type { NodeReport } from "../../contracts/worker.ts";
import { silentLogger } from "../../lib/log.ts";
import { until } from "../../lib/retry.ts";
import type { Store } from "../../store/store.ts";
import { Runs } from "../lease/runs.ts";
import { NodeMetrics } from "../metrics/exposition.ts";
import type { Networks } from "../network/networks.ts";
import { Instances } from "./instances.ts";
import { Orders } from "./orders.ts";
import { Settlement } from "./settlement.ts";
import type { WarmPool } from "./warm-pool.ts";

/** Nodes whose host has lost its right to run them. */
type Desired = "running" | "stopped" | "gone";
const SOON = { timeoutMs: 10_000, firstMs: 1, maxMs: 10 };

let store: Store;
let orders: Orders;
let images: FakeImages;
let runtime: FakeRuntime;
let settlement: Settlement;
let reports: NodeReport[];
let generation: number;
let held: "freeze" | "stop" | null;
/** ms since the lease has ended. */
let ended: number;

/** docklet's memory begins anew; the rows and what runs stay. */
function restart(): void {
  const before: FakeRuntime | undefined = runtime;
  const instances = new Instances(store);
  orders = new Orders(store);
  runtime = new FakeRuntime(instances);
  for (const [id, pid] of before?.running ?? []) runtime.running.set(id, pid);
  reports = [];
  settlement = new Settlement({
    orders,
    instances,
    runtime: runtime.real,
    warm: { take: () => null } as unknown as WarmPool,
    images,
    disks: { claim: () => {} },
    networks: {
      follow: async () => {},
      isGatewayOf: () => false,
      remove: async () => {},
    } as unknown as Networks,
    custody: { holds: () => held, endedSince: () => ended, forget: () => {}, write: () => {} },
    runs: new Runs(store, { now: () => 1, boot: () => 1, bootId: "boot" }),
    metrics: new NodeMetrics(),
    clock: new StoppedClock(),
    log: silentLogger,
    report: (r) => reports.push(r),
  });
}
function accept(desired: Desired[]): Promise<void> {
  orders.accept(orderOf(desired, { generation: ++generation }));
  return settlement.settle("vclusa");
}
const states = (node = "nodea0") => reports.filter((r) => r.id === node).map((r) => r.state);

beforeEach(() => {
  store = openStoreOf("worker");
  images = new FakeImages();
  runtime = undefined as unknown as FakeRuntime;
  generation = 0;
  held = null;
  ended = 0;
  restart();
});
afterEach(() => store.close());

describe("without a lease", () => {
  /** Is done again whenever something wants to be known of a node. */
  const settle = () => settlement.settle("vclusa");

  test("freeze: it stands still, and goes on when the master has spoken", async () => {
    await accept(["running", "stopped"]);
    runtime.since();
    reports = [];
    held = "freeze";
    await settle();
    await settle();
    expect(runtime.since()).toEqual(["freeze nodea0"]);
    expect(reports.map((r) => [r.id, r.state, r.reason])).toEqual([
      ["nodea0", "stopped", "its host lost the master: it is frozen until the master is back"],
    ]);
    held = null;
    await settle();
    expect(runtime.since()[0]).toBe("thaw nodea0");
    expect(states().at(-1)).toBe("ready");
    expect(facts()).toEqual(["started", "frozen", "thawed"]);
  });

  test("stop: it halts, is not started again, and starts when the master has spoken", async () => {
    await accept(["running"]);
    runtime.since();
    held = "stop";
    await settle();
    restart();
    await settle();
    expect([runtime.running.size, states()]).toEqual([0, ["stopped"]]);
    held = null;
    await settle();
    expect([runtime.running.size, states().at(-1)]).toEqual([1, "ready"]);
    expect(facts()).toEqual(["started", "ended", "started"]);
  });

  test("stop, long after the end or frozen by the keeper: it does not run a moment more", async () => {
    await accept(["running"]);
    held = "stop";
    ended = 60_000;
    await settle();
    expect(runtime.since().at(-1)).toBe("stop nodea0");
  });

  test("a node that is ordered to stop or to go does so, frozen or not", async () => {
    await accept(["running", "running"]);
    held = "freeze";
    await settle();
    await accept(["stopped", "gone"]);
    expect([runtime.running.size, states().at(-1), states("nodea1").at(-1)]).toEqual([0, "stopped", "gone"]);
    expect(facts("nodea1")).toEqual(["started", "frozen", "deleted"]);
  });

  test("one that is just being made ready is not waited for", async () => {
    images.known.set("mini", { layers: ["/layers/mini@1"], init: "simple", ready: "ssh" });
    const making = accept(["running"]);
    await until("it to boot", () => runtime.running.size === 1, SOON);
    held = "stop";
    await Promise.all([making, settle()]);
    expect([runtime.running.size, states().at(-1)]).toEqual([0, "stopped"]);
  });
});

const facts = (node = "nodea0") =>
  store.all<{ what: string }>("SELECT what FROM runs WHERE node = $node ORDER BY seq", { node }).map((r) => r.what);
