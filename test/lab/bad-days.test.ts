import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Host } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import { LabCluster } from "../kit/lab-cluster.ts";
import { instanceOf, LabHistory } from "../kit/lab-history.ts";
import { layMiniPool } from "../kit/mini-pool.ts";
import { SETUP_MS, SMALL, TEST_MS } from "./stage.ts";

/** Links that carry one way only, and a worker that is killed at every step of making nodes on another host. */
const WAIT = { timeoutMs: 90_000, firstMs: 50, maxMs: 250 };
let c: LabCluster;

beforeAll(async () => {
  const settings = { CLUSTER_NET: "10.208.0.0/16", CPU_OVERCOMMIT: 50, HOST_LEASE: 5 };
  c = await LabCluster.up(["one", "two", "three"], settings, (prefix) => layMiniPool(prefix));
}, SETUP_MS);
afterAll(() => c?.down(), SETUP_MS);

const becomes = async (host: string, state: Host["state"]): Promise<Host> =>
  until(
    `host ${host} to become ${state}`,
    async () => (await c.first.root.hosts()).items.find((h) => h.name === host && h.state === state),
    WAIT,
  );
const cordon = (name: string, cordoned: boolean) => c.first.root.patchHost({ params: { name }, body: { cordoned } });
const show = (name: string) => c.first.root.vcluster({ params: { name }, query: {} });

test(
  "a link carries in one direction only: it is seen from both ends, nodes do as they were told, and all is well after it",
  async () => {
    const [one, two] = [c.of("one"), c.of("two")];
    const history = new LabHistory(c.docklets);
    for (const h of ["one", "three"]) await cordon(h, true);
    for (const [name, nodes] of [
      ["kept", "keep"],
      ["cold", "freeze"],
    ] as const)
      await c.create({ name, image: "mini", nodes: 1, size: SMALL, onHostLoss: { nodes } });
    for (const h of ["one", "three"]) await cordon(h, false);
    const id = async (name: string) => (await show(name)).nodes[0]!.id;
    const [kept, cold] = [await id("kept"), await id("cold")];
    const pid = two.host.initPid(instanceOf(two, kept)!);
    const freezes = () => history.of("two", cold).filter((w) => w === "frozen").length;
    for (const [n, [from, to]] of [
      [one, two],
      [two, one],
    ].entries()) {
      await c.lab.cut(from!.host, to!.host, "one");
      const lost = await becomes("two", "unreachable");
      expect(lost.reason).toContain("is not connected");
      await until("the lease to end", () => freezes() === n + 1, WAIT);
      await c.lab.mend();
      await becomes("two", "ready");
      await until(
        "both to be well",
        async () => {
          const both = [await show("kept"), await show("cold")];
          return both.every((vc) => vc.state === "ready" && vc.reason === null);
        },
        WAIT,
      );
    }
    expect(two.host.initPid(instanceOf(two, kept)!)).toBe(pid);
    expect(history.of("two", kept)).toEqual(["started"]);
    for (const name of ["kept", "cold"]) await c.done(await c.first.root.deleteVcluster({ params: { name } }));
  },
  TEST_MS * 2,
);

test(
  "a worker is killed at every step of making nodes: they are made all the same",
  async () => {
    const two = c.of("two");
    for (const h of ["one", "three"]) await cordon(h, true);
    const make = async () =>
      (await c.first.root.createVcluster({ body: { name: "a", image: "mini", nodes: 2, size: SMALL } })).operation;
    const drop = async () => c.done(await c.first.root.deleteVcluster({ params: { name: "a" } }));
    writeFileSync(two.crashFile, "trace");
    await c.done(await make());
    rmSync(two.crashFile);
    const places = [...new Set(readFileSync(`${two.crashFile}.trace`, "utf8").trim().split("\n"))];
    await drop();
    expect(places.length).toBeGreaterThan(5);
    for (const place of places) {
      writeFileSync(two.crashFile, `${place} 1`);
      const operation = await make();
      await two.died();
      two.serve("--role=worker", "--master-ip", c.first.host.address);
      await c.done(operation).catch((e: Error) => {
        throw new Error(`killed at ${place}: ${e.message}`);
      });
      expect((await show("a")).nodes.map((n) => n.state)).toEqual(["ready", "ready"]);
      await drop();
    }
    console.info(`killed at ${places.length} places: ${places.join(", ")}`);
    for (const h of ["one", "three"]) await cordon(h, false);
  },
  TEST_MS * 2,
);

test(
  "a link between two hosts carries one way only: both are there for their master, and their nodes meet again after it",
  async () => {
    await cordon("one", true);
    const vc = await c.create({ name: "pair", image: "mini", nodes: 2, size: SMALL, placement: { nodes: "apart" } });
    expect(new Set(vc.nodes.map((n) => n.host))).toEqual(new Set(["two", "three"]));
    const meets = async () =>
      (await c.first.cli("exec", "pair/host-0", "--", "ping", "-c1", "-W1", "host-1")).code === 0;
    expect(await meets()).toBe(true);
    await c.lab.cut(c.lab.host("two"), c.lab.host("three"), "one");
    await until("the nodes to lose each other", async () => !(await meets()), WAIT);
    for (const h of ["two", "three"]) await becomes(h, "ready");
    expect((await show("pair")).state).toBe("ready");
    await c.lab.mend();
    await until("the nodes to meet again", meets, WAIT);
    await c.done(await c.first.root.deleteVcluster({ params: { name: "pair" } }));
    await cordon("one", false);
  },
  TEST_MS,
);
