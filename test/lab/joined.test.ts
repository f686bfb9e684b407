import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../src/lib/retry.ts";
import { LabCluster } from "../kit/lab-cluster.ts";
import type { LabDocklet } from "../kit/lab-docklet.ts";
import { layMiniPool } from "../kit/mini-pool.ts";
import { SETUP_MS, SMALL, TEST_MS } from "./stage.ts";

/** docklet as it is run: one host with the portal, two that join it by token, and a vcluster over all three. */
let cloud: LabCluster;
const SOON = { timeoutMs: 30_000, firstMs: 20, maxMs: 200 };

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

test(
  "master and workers find each other, whoever comes first and whoever goes in between; nodes never notice",
  async () => {
    const { first, lab } = cloud;
    const [, two, three] = cloud.docklets as [LabDocklet, LabDocklet, LabDocklet];
    const again = (d: LabDocklet) => d.serve("--role=worker", "--master-ip", first.host.address);
    const vc = await cloud.create({ name: "steady", image: "mini", nodes: 3, size: SMALL });
    const boots = () => Promise.all(vc.nodes.map((n) => cloud.shell(`steady/${n.name}`, "stat -c %Y /proc/1")));
    const before = await boots();

    // The master goes; one worker is restarted while there is none, and the other one stays.
    await first.down();
    await two.down();
    again(two);
    const probe = async (d: LabDocklet, path: string) =>
      Bun.spawnSync(
        d.host.enter(
          "wget",
          "-q",
          "-S",
          "--content-on-error",
          "-T",
          "2",
          "-t",
          "1",
          "-O",
          "-",
          `http://127.0.0.1:9001${path}`,
        ),
      );
    const says = async (d: LabDocklet, path: string) => {
      const r = await probe(d, path);
      return `${r.stdout}${r.stderr}`;
    };
    await until("two to miss its master", async () => (await says(two, "/readyz")).includes("can't be reached"), SOON);
    expect(await says(two, "/readyz")).toContain(" 503 ");
    expect(await says(two, "/healthz")).toContain("ok\n");
    const lost = await two.cli("status");
    expect([lost.code, lost.stdout]).toEqual([
      1,
      expect.stringMatching(/not connected: The master at .* can't be reached/),
    ]);
    first.serve();
    await first.ready();
    for (const d of [two, three]) await first.sees(d.host.name);
    expect((await two.cli("status")).stdout).toMatch(/two .*a worker[\s\S]*nodes +1\n[\s\S]*connected for/);
    expect(await says(two, "/metrics")).toContain("docklet_master_connected 1");

    // A host that has never been there comes while the master is away: its token is good when the master is back.
    const token = await cloud.token();
    await first.down();
    const four = await cloud.add("four", layMiniPool);
    cloud.join(four, token);
    await until("four to wait", async () => (await says(four, "/readyz")).includes("can't be reached"), SOON);
    first.serve();
    await first.ready();
    for (const d of cloud.docklets.slice(1)) await first.sees(d.host.name);
    expect(await boots()).toEqual(before);
    await cloud.done(await first.root.deleteVcluster({ params: { name: "steady" } }));
    expect(lab.hosts).toHaveLength(4);
  },
  TEST_MS,
);

test(
  "a host that was removed says so, and comes back with a new token",
  async () => {
    const { first, lab } = cloud;
    const four = cloud.of("four");
    expect((await first.cli("host", "rm", "--yes", "four")).code).toBe(0);
    const removed = async () => (await four.cli("status")).stdout.includes("four was removed from this cluster");
    await until("four to know it", removed, SOON);
    const file = join(four.host.prefix, "join-token");
    writeFileSync(file, await cloud.token(), { mode: 0o600 });
    const args = ["join", "--master-ip", first.host.address, "--join-file", file];
    expect(await four.cli(...args)).toMatchObject({ code: 0, stdout: expect.stringContaining("already") });
    expect(await four.cli(...args, "--anew")).toMatchObject({ code: 0, stdout: expect.stringContaining("as four") });
    await four.down();
    four.serve("--role=worker", "--master-ip", first.host.address);
    await first.sees("four");
    expect((await first.root.hosts()).items.map((h) => h.name).sort()).toEqual(lab.hosts.map((h) => h.name).sort());
  },
  TEST_MS,
);
