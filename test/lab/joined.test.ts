import { afterAll, beforeAll, expect, test } from "bun:test";
import { LabCluster } from "../kit/lab-cluster.ts";
import { layMiniPool } from "../kit/mini-pool.ts";
import { SETUP_MS, SMALL, TEST_MS } from "./stage.ts";

/** docklet as it is run: one host with the portal, two that join it by token, and a vcluster over all three. */
let cloud: LabCluster;

beforeAll(async () => {
  const settings = { CLUSTER_NET: "10.202.0.0/16", CPU_OVERCOMMIT: 20 };
  cloud = await LabCluster.up(["one", "two", "three"], settings, layMiniPool);
}, SETUP_MS);

afterAll(() => cloud?.down(), SETUP_MS);

test(
  "a vcluster spreads over hosts that have joined, and all its nodes reach each other by name",
  async () => {
    const { first, lab } = cloud;
    const vc = await cloud.create({ name: "wide", image: "mini", nodes: 6, size: SMALL });
    expect(new Set(vc.nodes.map((n) => n.host))).toEqual(new Set(["one", "two", "three"]));
    const names = vc.nodes.map((n) => n.name).join(" ");
    const script = `for n in ${names}; do ping -c 1 -W 5 $n >/dev/null && echo $n; done`;
    for (const n of vc.nodes) {
      const r = await first.cli("exec", `wide/${n.name}`, "--", "sh", "-c", script);
      expect([n.name, r.code, r.stdout.trim().replaceAll("\n", " ")]).toEqual([n.name, 0, names]);
    }
    await cloud.done(await first.root.deleteVcluster({ params: { name: "wide" } }));
    for (const h of lab.hosts) expect(await h.run("ip", "-o", "link")).not.toContain(`: dk${h.tag}`);
  },
  TEST_MS,
);
