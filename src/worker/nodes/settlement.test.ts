import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FakeImages, FakeRuntime, openStoreOf, orderOf, StoppedClock } from "../../../test/kit/worker-parts.ts";
import type { NodeReport, VclusterOrder } from "../../contracts/worker.ts";
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

type Desired = "running" | "stopped" | "gone";
const SOON = { timeoutMs: 10_000, firstMs: 1, maxMs: 10 };

let store: Store;
let orders: Orders;
let instances: Instances;
let images: FakeImages;
let runtime: FakeRuntime;
let settlement: Settlement;
let reports: NodeReport[];
let removedBridges: string[];
let bridgeFails: Error | null;
let onBridge: () => void;
let generation: number;

/** docklet's memory begins anew; the rows and what runs stay. */
function restart(): void {
  orders = new Orders(store);
  instances = new Instances(store);
  const running = runtime?.running;
  runtime = new FakeRuntime(instances);
  for (const [id, pid] of running ?? []) runtime.running.set(id, pid);
  reports = [];
  settlement = new Settlement({
    orders,
    instances,
    runtime: runtime.real,
    warm: { take: () => null } as unknown as WarmPool,
    images,
    networks: {
      follow: async () => {},
      isGatewayOf: () => false,
      remove: async (v: string) => {
        onBridge();
        if (bridgeFails) throw bridgeFails;
        removedBridges.push(v);
      },
    } as unknown as Networks,
    disks: { claim: () => {} },
    custody: { holds: () => null, endedSince: () => 0, forget: () => {}, write: () => {} },
    runs: new Runs(store, { now: () => 1, boot: () => 1, bootId: "boot" }),
    metrics: new NodeMetrics(),
    clock: new StoppedClock(),
    log: silentLogger,
    report: (r) => reports.push(r),
  });
}
function accept(desired: Desired[], more: Partial<VclusterOrder> = {}): Promise<void> {
  orders.accept(orderOf(desired, { generation: ++generation, ...more }));
  return settlement.settle("vclusa");
}
const states = (node = "nodea0") => reports.filter((r) => r.id === node).map((r) => r.state);
const told = () => reports.splice(0).map((r) => r.state);
const first = () => instances.ofNode("nodea0")!;

beforeEach(() => {
  store = openStoreOf("worker");
  images = new FakeImages();
  runtime = undefined as unknown as FakeRuntime;
  removedBridges = [];
  bridgeFails = null;
  onBridge = () => {};
  generation = 0;
  restart();
});
afterEach(() => store.close());

describe("every desired state from every state", () => {
  const from: Record<string, () => Promise<void>> = {
    unknown: async () => {},
    ready: () => accept(["running"]),
    stopped: async () => {
      await accept(["running"]);
      await accept(["stopped"]);
    },
    failed: async () => {
      runtime.failing.set("boot", new Error("broken"));
      await accept(["running"]);
      runtime.failing.clear();
    },
    "failed to stop": async () => {
      await accept(["running"]);
      runtime.failing.set("stop", new Error("stuck"));
      await accept(["stopped"]);
      runtime.failing.clear();
    },
    "failed to go": async () => {
      await accept(["running"]);
      runtime.failing.set("destroy", new Error("stuck"));
      await accept(["gone"]);
      runtime.failing.clear();
    },
    "shut down from inside": async () => {
      await accept(["running"]);
      runtime.running.clear();
      settlement.wentDown(first().id);
      await until("it to be seen", () => states().at(-1) === "stopped", SOON);
    },
    gone: () => accept(["gone"]),
  };
  for (const [name, prepare] of Object.entries(from)) {
    for (const again of [false, true]) {
      test(`${name}${again ? ", docklet restarted" : ""}`, async () => {
        for (const desired of ["running", "stopped", "gone"] as const) {
          store.close();
          store = openStoreOf("worker");
          runtime = undefined as unknown as FakeRuntime;
          restart();
          await prepare();
          if (again) restart();
          reports = [];
          await accept([desired]);
          const last = reports.at(-1)!;
          expect([desired, last.state]).toEqual([desired, desired === "running" ? "ready" : desired]);
          expect(last.generation).toBe(generation);
          expect(runtime.running.size).toBe(desired === "running" ? 1 : 0);
          if (desired === "gone") {
            expect(instances.all()).toEqual([]);
            expect(orders.get("vclusa")).toBeUndefined();
            expect(removedBridges).toContain("vclusa");
          }
        }
      });
    }
  }

  test("the same order again is no work, and reported once", async () => {
    await accept(["running"]);
    told();
    const before = runtime.since();
    expect(before).toEqual(["stop nodea0", "boot nodea0", "bind nodea0"]);
    await settlement.settle("vclusa");
    expect(runtime.since()).toEqual(["bind nodea0"]);
    expect(reports).toEqual([]);
  });

  test("after a restart a node that runs is looked at, not started", async () => {
    await accept(["running"]);
    restart();
    expect(settlement.reports().map((r) => r.state)).toEqual(["ready"]);
    await settlement.settleAll();
    expect(runtime.since()).toEqual(["bind nodea0"]);
    expect(told()).toEqual(["ready"]);
  });

  test("after a reboot of the host all is started again, with the same instance", async () => {
    await accept(["running", "stopped"]);
    const { id, slug, range } = first();
    runtime.running.clear();
    restart();
    expect(settlement.reports().map((r) => r.state)).toEqual(["pending", "pending"]);
    await settlement.settleAll();
    expect(first()).toMatchObject({ id, slug, range });
    expect([states("nodea0").at(-1), states("nodea1").at(-1)]).toEqual(["ready", "stopped"]);
  });
});

describe("failures", () => {
  for (const call of ["boot", "bind"] as const) {
    test(`${call} fails: told with the reason, cleared away, and tried again by the same order`, async () => {
      runtime.failing.set(call, new Error(`no ${call} today`));
      await accept(["running"]);
      expect(reports.at(-1)).toMatchObject({ state: "failed", reason: `no ${call} today`, generation });
      expect(runtime.running.size).toBe(0);
      runtime.failing.clear();
      await settlement.settle("vclusa");
      expect(reports.at(-1)).toMatchObject({ state: "ready", reason: null });
      expect(instances.all()).toHaveLength(1);
    });
  }

  test("an image that is not here is said so; a node of it that has its disk still starts", async () => {
    await accept(["running"], { image: "base" });
    expect(reports.at(-1)).toMatchObject({ state: "failed", reason: expect.stringContaining("base") });
    expect(instances.all()).toEqual([]);
    await accept(["running"]);
    await accept(["stopped"]);
    images.known.clear();
    await accept(["running"]);
    expect(reports.at(-1)!.state).toBe("ready");
  });

  test("one node's failure is not the others'", async () => {
    const boot = runtime.boot.bind(runtime);
    runtime.boot = async (i) => {
      if (i.node === "nodea1") throw new Error("only this one");
      return boot(i);
    };
    await accept(["running", "running", "running"]);
    expect(["nodea0", "nodea1", "nodea2"].map((n) => states(n).at(-1))).toEqual(["ready", "failed", "ready"]);
  });

  test("what cannot be cleared away is no second failure", async () => {
    await accept(["running"]);
    runtime.running.clear();
    runtime.failing.set("boot", new Error("the cause"));
    let stops = 0;
    const stop = runtime.stop.bind(runtime);
    runtime.stop = async (i, g) => {
      if (++stops > 1) throw new Error("stuck too");
      return stop(i, g);
    };
    await settlement.settle("vclusa");
    expect(reports.at(-1)).toMatchObject({ state: "failed", reason: "the cause" });
  });

  test("a bridge that will not go leaves the order, and the next try ends it", async () => {
    await accept(["running"]);
    bridgeFails = new Error("busy");
    await accept(["gone"]);
    expect(reports.at(-1)!.state).toBe("gone");
    expect(orders.get("vclusa")).toBeDefined();
    bridgeFails = null;
    await settlement.settle("vclusa");
    expect(orders.get("vclusa")).toBeUndefined();
  });
});

describe("newer orders", () => {
  const neverReady = () => images.known.set("mini", { ...images.facts("mini")!, ready: "jupyter" });
  const booting = () => until("the boot", () => states().at(-1) === "booting", SOON);

  for (const desired of ["stopped", "gone"] as const) {
    test(`${desired} ends a wait at once`, async () => {
      neverReady();
      const start = accept(["running"]);
      await booting();
      await accept([desired]);
      await start;
      expect(states()).toEqual([
        "preparing",
        "booting",
        ...(desired === "gone" ? ["deleting"] : ["stopping"]),
        desired,
      ] as never);
    });

    test(`${desired} that came while it still booted is not kept waiting either`, async () => {
      neverReady();
      const gate = Promise.withResolvers<void>();
      runtime.held.set("boot", gate.promise);
      const start = accept(["running"]);
      await until("the boot call", () => runtime.calls.includes("boot nodea0"), SOON);
      const stop = accept([desired]);
      runtime.held.clear();
      gate.resolve();
      await Promise.all([start, stop]);
      expect(states().at(-1)).toBe(desired);
      expect(states()).not.toContain("failed");
      expect(runtime.running.size).toBe(0);
    });
  }

  test("stop and start again in one breath: no failure is told", async () => {
    neverReady();
    const start = accept(["running"]);
    await booting();
    const stop = accept(["stopped"]);
    images.known.set("mini", { ...images.facts("mini")!, ready: "init" });
    const again = accept(["running"]);
    await Promise.all([start, stop, again]);
    expect(states()).not.toContain("failed");
    expect(reports.at(-1)).toMatchObject({ state: "ready", generation });
  });

  test("an order that comes while the last node's remains go is not forgotten", async () => {
    await accept(["running"]);
    let later: Promise<void> = Promise.resolve();
    onBridge = () => {
      onBridge = () => {};
      later = accept(["running"]);
    };
    await accept(["gone"]);
    await later;
    expect(orders.get("vclusa")!.generation).toBe(generation);
    expect(reports.at(-1)!.state).toBe("ready");
  });

  test("nodes that an order does not list are left alone", async () => {
    await accept(["running", "running"]);
    runtime.since();
    await accept(["gone"]);
    expect(runtime.since()).toEqual(["destroy nodea0"]);
    expect(runtime.running.size).toBe(1);
    expect(removedBridges).toEqual([]);
  });
});

describe("what happens by itself", () => {
  test("a node that ended is told once, with a reason, however often that is seen", async () => {
    await accept(["running"]);
    told();
    const { id } = first();
    runtime.running.clear();
    for (let i = 0; i < 3; i++) settlement.wentDown(id);
    await until("it to be told", () => reports.length > 0, SOON);
    settlement.wentDown(id);
    await settlement.settle("nobody");
    await Bun.sleep(5);
    expect(reports.map((r) => [r.state, r.reason !== null])).toEqual([["stopped", true]]);
  });

  test("the end that was ordered is not told as an accident", async () => {
    await accept(["running"]);
    const { id } = first();
    await accept(["stopped"]);
    told();
    settlement.wentDown(id);
    settlement.wentDown("unknown");
    await Bun.sleep(5);
    expect(reports).toEqual([]);
  });

  test("a node that ended is cleared away even when that fails: told all the same", async () => {
    await accept(["running"]);
    told();
    runtime.running.clear();
    runtime.failing.set("stop", new Error("stuck"));
    settlement.wentDown(first().id);
    await until("it to be told", () => reports.length > 0, SOON);
    expect(told()).toEqual(["stopped"]);
  });

  test("a note of an end that is over already is nothing", async () => {
    await accept(["running"]);
    told();
    settlement.wentDown(first().id);
    await Bun.sleep(5);
    expect(reports).toEqual([]);
  });

  test("a reboot inside binds it again", async () => {
    await accept(["running"]);
    runtime.since();
    settlement.cameUp(first().id);
    settlement.cameUp("unknown");
    await until("the binding", () => runtime.calls.includes("bind nodea0"), SOON);
    expect(runtime.calls).toEqual(["bind nodea0"]);
  });

  test("one that died unseen is not called ready before it is again", async () => {
    await accept(["running"]);
    runtime.running.clear();
    images.known.set("mini", { ...images.facts("mini")!, ready: "jupyter" });
    told();
    const again = settlement.settle("vclusa");
    await until("the boot", () => states().includes("booting"), SOON);
    expect(states()).not.toContain("ready");
    await accept(["stopped"]);
    await again;
  });
});
