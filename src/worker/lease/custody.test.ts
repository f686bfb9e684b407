import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStoreOf, orderOf } from "../../../test/kit/worker-parts.ts";
import type { VclusterOrder } from "../../contracts/worker.ts";
import { silentLogger } from "../../lib/log.ts";
import type { Store } from "../../store/store.ts";
import { Custody } from "./custody.ts";
import { Lease } from "./lease.ts";
import { LeaseFile } from "./lease-file.ts";

const LEASE = 30_000;
let store: Store;
let folder: string;
let now: number;
let bootId: string;
let orders: VclusterOrder[];
let settled: string[];
let kept: number;
let machine: string | null;

const frozen = (id = "vclusa", generation = 1) => ({
  ...orderOf(["running"], { id, generation }),
  onHostLoss: { nodes: "freeze" as const, recover: "anew" as const },
});

/** docklet starts: what is on disk is all that is known. */
function start(): Custody {
  const file = new LeaseFile(join(folder, "lease"), bootId);
  const custody = new Custody({
    store,
    lease: new Lease(() => now, file.read()),
    file,
    now: () => 7,
    log: silentLogger,
    orders: () => orders,
    freezers: (watched) => watched.map((o) => ({ file: `/groups/${o.id}`, frozen: "FROZEN" })),
    settle: (v) => settled.push(v),
    keep: () => kept++,
    machine,
  });
  custody.look();
  return custody;
}
/** Connected, with a lease that began now, and the master has said its word of everything. */
function connected(): Custody {
  const custody = start();
  custody.connected(now, LEASE);
  for (const o of orders) custody.word(o);
  settled = [];
  return custody;
}

beforeEach(() => {
  store = openStoreOf("worker");
  folder = mkdtempSync(join(tmpdir(), "docklet-lease-"));
  now = 100_000;
  bootId = "first";
  orders = [frozen()];
  settled = [];
  kept = 0;
  machine = null;
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

test("the lease runs from the question, whenever the answer came", () => {
  const custody = connected();
  const asked = now;
  now += 20_000;
  custody.renewed(asked, LEASE);
  now = asked + LEASE - 1;
  expect(custody.holds("vclusa")).toBeNull();
  now += 1;
  expect(custody.holds("vclusa")).toBe("freeze");
  expect(settled).toEqual(["vclusa"]);
});

test("what wants to be kept is kept", () => {
  orders = [orderOf(["running"])];
  const custody = connected();
  now += 10 * LEASE;
  expect(custody.holds("vclusa")).toBeNull();
  expect(settled).toEqual([]);
  expect(kept).toBe(0);
});

test("an answer that comes after the end gives nothing back; the connection must end", () => {
  const custody = connected();
  let ended = 0;
  custody.onLapse(() => ended++);
  const asked = now + LEASE - 1;
  now += LEASE;
  custody.renewed(asked, LEASE);
  expect([custody.holds("vclusa"), ended]).toEqual(["freeze", 1]);
});

test("orders that were on their way when it ended are no word; the next connection's are, the same number included", () => {
  const custody = connected();
  now += LEASE;
  custody.word(orders[0]!);
  expect(custody.holds("vclusa")).toBe("freeze");
  custody.connected(now, LEASE);
  expect(custody.holds("vclusa")).toBe("freeze");
  custody.word(orders[0]!);
  expect(custody.holds("vclusa")).toBeNull();
});

test("a greeting that was answered too late is no lease at all", () => {
  const custody = start();
  const asked = now;
  now += LEASE;
  custody.connected(asked, LEASE);
  custody.word(orders[0]!);
  expect(custody.holds("vclusa")).toBe("freeze");
});

test("a hold outlives docklet, and is told until the master has spoken", () => {
  connected();
  now += LEASE;
  const first = start();
  expect(first.reports()).toEqual([{ type: "loss", vcluster: "vclusa", did: "freeze", nodes: ["nodea0"], at: 7 }]);
  const second = start();
  expect(second.reports()).toHaveLength(1);
  second.connected(now, LEASE);
  second.word(orders[0]!);
  expect(start().reports()).toEqual([]);
});

test("a restart within the lease changes nothing; one after it, or after a boot of the machine, is too late", () => {
  connected();
  now += LEASE - 1;
  expect(start().holds("vclusa")).toBeNull();
  bootId = "second";
  expect(start().holds("vclusa")).toBe("freeze");
});

test("a host that never had a lease starts nothing that must not run without one", () => {
  expect(start().holds("vclusa")).toBe("freeze");
  orders = [orderOf(["running"])];
  expect(start().holds("vclusb")).toBeNull();
});

test("an order that comes when the lease has ended does not start anything either", () => {
  const custody = connected();
  now += LEASE;
  custody.look();
  orders.push(frozen("vclusb"));
  custody.word(orders[1]!);
  expect(custody.holds("vclusb")).toBe("freeze");
});

test("the keeper is told the end of the lease, when to step in, and what to freeze", () => {
  connected();
  const lines = () => readFileSync(join(folder, "lease"), "utf8").split("\n");
  expect(lines()).toEqual(["first 130000", "140", "FROZEN /groups/vclusa", ""]);
  expect(kept).toBeGreaterThan(0);
});

test("a shorter lease is shorter at once, also for one that was given before", () => {
  const custody = connected();
  custody.renewed(now, 10_000);
  now += 10_000;
  expect(custody.holds("vclusa")).toBe("freeze");
});

test("a master in the same process is never lost", () => {
  const custody = new Custody({
    store,
    lease: null,
    file: new LeaseFile(join(folder, "lease"), bootId),
    now: () => 7,
    log: silentLogger,
    orders: () => orders,
    freezers: () => [],
    settle: (v) => settled.push(v),
    keep: () => kept++,
    machine,
  });
  now += 10 * LEASE;
  expect(custody.holds("vclusa")).toBeNull();
  expect(kept).toBe(0);
});

test("a copy of a host's disk in another machine starts nothing before it was let in", () => {
  orders = [orderOf(["running"])];
  machine = "aaaa";
  const custody = start();
  expect(custody.holds("vclusa")).toBeNull();
  custody.connected(now, LEASE);
  expect(start().holds("vclusa")).toBeNull();
  machine = "bbbb";
  const copy = start();
  expect(copy.holds("vclusa")).toBe("stop");
  now += 10 * LEASE;
  expect(start().holds("vclusa")).toBe("stop");
  // The host's disk was put into a new machine, and the master knows it again.
  const moved = start();
  moved.connected(now, LEASE);
  moved.word(orders[0]!);
  expect(moved.holds("vclusa")).toBeNull();
  expect(start().holds("vclusa")).toBeNull();
});

test("a machine that can't be told from others is taken for the same", () => {
  orders = [orderOf(["running"])];
  machine = "aaaa";
  start().connected(now, LEASE);
  machine = null;
  expect(start().holds("vclusa")).toBeNull();
});
