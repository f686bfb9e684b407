import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Vcluster } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import { LabCluster } from "../kit/lab-cluster.ts";
import { layMiniPool } from "../kit/mini-pool.ts";
import { SETUP_MS, TEST_MS } from "./stage.ts";

/** Where nodes go on real hosts, as an administrator and a person see and steer it from the command line. */
let cloud: LabCluster;
beforeAll(async () => {
  cloud = await LabCluster.up(["one", "two"], { CLUSTER_NET: "10.204.0.0/16", CPU_OVERCOMMIT: 20 }, layMiniPool);
}, SETUP_MS);
afterAll(() => cloud?.down(), SETUP_MS);

const SOON = { timeoutMs: 30_000, firstMs: 20, maxMs: 200 };
const cli = async (...args: string[]) => {
  const said = await cloud.first.cli(...args);
  if (said.code !== 0) throw new Error(`${args.join(" ")}: ${said.stderr}`);
  return said.stdout;
};
const create = async (name: string, ...flags: string[]): Promise<Vcluster> =>
  JSON.parse(
    await cli("vcluster", "create", name, "--image", "mini", "--memory", "128M", "--disk", "256M", ...flags, "--json"),
  );
const hostsOf = (v: Vcluster) => v.nodes.map((n) => n.host);
const remove = (name: string) => cli("vcluster", "rm", name, "--yes");

test(
  "apart and together hold, a cordoned host gets nothing new, a label is looked for, and every node says why",
  async () => {
    const apart = await create("apart", "-n", "2", "--apart");
    expect(hostsOf(apart).sort()).toEqual(["one", "two"]);
    for (const n of apart.nodes) expect(n.why).toContain("no other node of the vcluster there");
    const more = await cloud.first.cli("vcluster", "scale", "apart", "3", "--memory", "128M", "--disk", "256M");
    expect([more.code, more.stderr]).toEqual([1, expect.stringContaining("has a node of this vcluster already")]);
    const together = await create("together", "-n", "2", "--together");
    expect(new Set(hostsOf(together)).size).toBe(1);

    await cli("host", "cordon", "two");
    expect(await cli("host", "ls")).toMatch(/two +cordoned/);
    expect(hostsOf(await create("later", "-n", "2"))).toEqual(["one", "one"]);
    // What is there stays, and can be stopped and started.
    await cli("vcluster", "stop", "apart");
    await cli("vcluster", "start", "apart");
    await cli("host", "uncordon", "two");

    await cli("host", "label", "two", "disk=fast");
    const fast = await create("fast", "-n", "1", "--label", "disk=fast");
    expect(fast.nodes.map((n) => [n.host, n.why])).toEqual([["two", "has disk=fast; the only such host with room"]]);
    const slow = await cloud.first.cli("vcluster", "create", "slow", "--image", "mini", "--label", "disk=slow");
    expect([slow.code, slow.stderr]).toEqual([1, expect.stringContaining("two: lacks the label disk=slow")]);
    expect(slow.stderr).toContain("Hosts that are ready have these labels: disk=fast.");

    const shown = await cli("host", "show", "two");
    expect(shown).toMatch(/images +mini/);
    expect(shown).toMatch(/labels +disk=fast/);
    expect(shown).toMatch(/root +fast +host-0 +ready .*has disk=fast; the only/);
    for (const name of ["apart", "together", "later", "fast"]) await remove(name);
  },
  TEST_MS,
);

test(
  "a host shows what it has and the last minutes of what was used, and what admins set survives a restart",
  async () => {
    const { first } = cloud;
    await cli("host", "label", "two", "disk=fast", "room=b12");
    await cli("host", "cordon", "two");
    const samples = () => first.root.hostMetrics({ params: { name: "two" } });
    await until("two samples", async () => (await samples()).items.length >= 2, SOON);
    for (const s of (await samples()).items) {
      expect(s.memory).toBeGreaterThan(0);
      expect(s.disk).toBeGreaterThan(0);
    }
    await first.down();
    first.serve();
    await first.ready();
    const two = await until(
      "two is back",
      async () => {
        const host = await first.root.host({ params: { name: "two" } });
        return host.state === "cordoned" ? host : null;
      },
      SOON,
    );
    expect(two).toMatchObject({ labels: { disk: "fast", room: "b12" }, images: ["mini"], gpus: [], homes: "local" });
    expect(two.capacity.cpu).toBeGreaterThan(0);
  },
  TEST_MS,
);
