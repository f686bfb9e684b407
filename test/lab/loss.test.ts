import { afterAll, beforeAll, expect, test } from "bun:test";
import type { OnHostLoss, Vcluster } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import { detectCgroups } from "../../src/os/cgroup/detect.ts";
import { sinceBoot } from "../../src/os/clock.ts";
import { LabCluster } from "../kit/lab-cluster.ts";
import { instanceOf, LabHistory } from "../kit/lab-history.ts";
import { layMiniPool } from "../kit/mini-pool.ts";
import { SETUP_MS, SMALL, TEST_MS } from "./stage.ts";

/**
 * Hosts that are lost and come back, as real processes. In the end what they wrote down is put together: no node may
 * ever have had two owners, and nothing may have been deleted that was not ordered.
 */
const WAIT = { timeoutMs: 90_000, firstMs: 50, maxMs: 250 };
/** Seconds; the shortest that can be set. */
const HOST_LEASE = 5;

let c: LabCluster;
let history: LabHistory;
/** host-0 of each vcluster. */
const ids = new Map<string, string>();
const two = () => c.of("two");

beforeAll(async () => {
  c = await LabCluster.up(
    ["one", "two", "three"],
    { CLUSTER_NET: "10.207.0.0/16", CPU_OVERCOMMIT: 50, HOST_LEASE },
    (prefix) => layMiniPool(prefix),
  );
  history = new LabHistory(c.docklets);
}, SETUP_MS);
afterAll(() => c?.down(), SETUP_MS);

const show = (name: string): Promise<Vcluster> => c.first.root.vcluster({ params: { name }, query: {} });
const node = async (name: string) => (await show(name)).nodes[0]!;
const cordon = (name: string, cordoned: boolean) => c.first.root.patchHost({ params: { name }, body: { cordoned } });

/** Each with one node, all of them on host two. */
async function make(wanted: Record<string, OnHostLoss>): Promise<void> {
  for (const h of ["one", "three"]) await cordon(h, true);
  for (const [name, onHostLoss] of Object.entries(wanted)) {
    const vc = await c.create({ name, image: "mini", nodes: 1, size: SMALL, onHostLoss });
    expect(vc.nodes[0]!.host).toBe("two");
    ids.set(name, vc.nodes[0]!.id);
  }
  for (const h of ["one", "three"]) await cordon(h, false);
}
const is = (name: string, what: string, probe: (vc: Vcluster) => boolean) => {
  let last: Vcluster | null = null;
  return until(
    `${name} ${what}`,
    async () => {
      last = await show(name);
      return probe(last) ? last : null;
    },
    WAIT,
  ).catch((e: Error) => {
    throw new Error(`${e.message}: ${JSON.stringify(last)}`);
  });
};
const well = (vc: Vcluster) => vc.state === "ready" && vc.reason === null;
const ran = (name: string, ...what: string[]) =>
  until(
    `host two to have ${what} ${name}`,
    () => String(history.of("two", ids.get(name)!)) === String(what),
    WAIT,
  ).catch((e: Error) => {
    throw new Error(`${e.message}; it says ${history.of("two", ids.get(name)!)}`);
  });
const isFrozen = (name: string) =>
  detectCgroups().isFrozen(two().host.layout.cgroup(instanceOf(two(), ids.get(name)!)!));
const pid = (name: string) => two().host.initPid(instanceOf(two(), ids.get(name)!)!);

test(
  "a host that loses its master keeps, freezes or stops, as each wants it; back again it goes on as the master says",
  async () => {
    await make({
      kept: { nodes: "keep" },
      cold: { nodes: "freeze" },
      halted: { nodes: "stop" },
      anew: { nodes: "freeze", recover: "anew" },
    });
    const before = new Map(["kept", "cold"].map((n) => [n, pid(n)]));
    await c.lab.isolate(two().host);
    await ran("cold", "started", "frozen");
    await ran("halted", "started", "ended");
    expect([isFrozen("kept"), isFrozen("cold")]).toEqual([false, true]);
    const gone = await is("anew", "made anew elsewhere", (vc) => vc.nodes[0]!.host !== "two" && well(vc));
    expect(gone.nodes[0]!.id).toBe(ids.get("anew")!);
    expect((await node("kept")).reason).toContain("host two is unreachable since");
    expect((await node("kept")).reason).toContain("docklet host rm --force two");
    expect((await node("cold")).reason).toContain("are frozen, and wait for it");
    expect((await node("halted")).reason).toContain("are stopped, and wait for it");
    expect((await node("kept")).state).toBe("ready");
    await c.lab.mend();
    for (const name of ["kept", "cold", "halted"]) await is(name, "to be well on two again", well);
    await ran("cold", "started", "frozen", "thawed");
    await ran("halted", "started", "ended", "started");
    await ran("anew", "started", "frozen", "deleted");
    expect(new Map(["kept", "cold"].map((n) => [n, pid(n)]))).toEqual(before);
    expect(history.of("two", ids.get("kept")!)).toEqual(["started"]);
    const { items } = await c.first.root.vclusterEvents({ params: { name: "cold" }, query: {} });
    expect(items.map((e) => e.action)).toContain("vcluster.lost");
    expect(history.judge(ids)).toEqual([]);
  },
  TEST_MS * 2,
);

test(
  "docklet alone is killed: the keeper freezes what may run elsewhere soon",
  async () => {
    await make({ orphan: { nodes: "stop", recover: "anew" } });
    const id = instanceOf(two(), ids.get("orphan")!)!;
    await two().crash();
    await until("the keeper to freeze it", () => detectCgroups().isFrozen(two().host.layout.cgroup(id)), WAIT);
    const frozenAt = sinceBoot();
    expect((await node("orphan")).host).toBe("two");
    await is("orphan", "made anew elsewhere", (vc) => vc.nodes[0]!.host !== "two" && well(vc));
    const elsewhere = history.facts().find((f) => f.node === ids.get("orphan") && f.host !== "two")!;
    expect(elsewhere.at).toBeGreaterThan(frozenAt);
    two().serve("--role=worker", "--master-ip", c.first.host.address);
    await c.first.sees("two");
    await until("host two to let go of it", () => instanceOf(two(), ids.get("orphan")!) === null, WAIT);
    expect(history.of("two", ids.get("orphan")!).at(-1)).toBe("deleted");
    for (const name of ["kept", "cold", "halted"]) await is(name, "to be well on two again", well);
  },
  TEST_MS * 2,
);

test(
  "a host is killed with all its processes, and comes back without its master first: nothing runs twice",
  async () => {
    await make({ again: { nodes: "freeze", recover: "anew" } });
    await c.lab.isolate(two().host);
    await two().host.powerOff();
    await two().crash();
    history.fates.push({ host: "two", what: "died", at: sinceBoot() });
    await is("again", "made anew elsewhere", (vc) => vc.nodes[0]!.host !== "two" && well(vc));
    await two().host.boot();
    two().serve("--role=worker", "--master-ip", c.first.host.address);
    // It has orders for all of them, and no lease: only those that are to be kept start.
    await until("host two to start what is kept", () => history.of("two", ids.get("kept")!).at(-1) === "started", WAIT);
    for (const name of ["cold", "halted", "again"])
      await until(
        `host two to see that ${name} is over`,
        () => history.of("two", ids.get(name)!).at(-1) === "ended",
        WAIT,
      );
    await c.lab.mend();
    for (const name of ["kept", "cold", "halted"]) await is(name, "to be well on two again", well);
    await until("host two to let go of it", () => instanceOf(two(), ids.get("again")!) === null, WAIT);
    expect(instanceOf(two(), ids.get("cold")!)).not.toBeNull();
    const facts = history.facts().filter((f) => f.node !== ids.get("orphan"));
    expect(facts.length).toBeGreaterThan(15);
    expect(history.judge(ids).filter((w) => !w.startsWith(ids.get("orphan")!))).toEqual([]);
  },
  TEST_MS * 2,
);
