import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Operation } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import { Lab } from "../kit/lab.ts";
import { LabDocklet } from "../kit/lab-docklet.ts";
import { layMiniPool } from "../kit/mini-pool.ts";
import { SETUP_MS, SMALL, TEST_MS } from "./stage.ts";

/** docklet as it is run: one host with the portal, two that join it by token, and a vcluster over all three. */
let lab: Lab;
let docklets: LabDocklet[] = [];

beforeAll(async () => {
  lab = await Lab.open(["one", "two", "three"]);
  docklets = lab.hosts.map((h) => new LabDocklet(h, { CLUSTER_NET: "10.202.0.0/16", CPU_OVERCOMMIT: 20 }));
  await Promise.all(lab.hosts.map((h) => layMiniPool(h.prefix)));
  const [first, ...others] = docklets as [LabDocklet, ...LabDocklet[]];
  first.serve();
  await first.ready();
  const made = await first.cli("join-token", "create", "--uses", "2", "--json");
  for (const d of others) {
    const file = join(d.host.prefix, "join-token");
    writeFileSync(file, (JSON.parse(made.stdout) as { text: string }).text, { mode: 0o600 });
    d.serve("--role=worker", "--master-ip", first.host.address, "--join-file", file);
  }
  for (const d of others) await first.sees(d.host.name);
}, SETUP_MS);

afterAll(async () => {
  for (const d of docklets.toReversed()) await d.rest();
  await lab?.close();
}, SETUP_MS);

async function done(operation: Operation): Promise<void> {
  const op = await until(
    `operation ${operation.kind}`,
    async () => {
      const now = await docklets[0]!.root.operation({ params: { id: operation.id } });
      return now.endedAt === null ? null : now;
    },
    { timeoutMs: 60_000, firstMs: 10 },
  );
  if (op.state !== "done") throw new Error(JSON.stringify(op));
}

test(
  "a vcluster spreads over hosts that have joined, and all its nodes reach each other by name",
  async () => {
    const [first] = docklets as [LabDocklet];
    const made = await first.root.createVcluster({ body: { name: "wide", image: "mini", nodes: 6, size: SMALL } });
    await done(made.operation);
    const vc = await first.root.vcluster({ params: { name: "wide" }, query: {} });
    expect(new Set(vc.nodes.map((n) => n.host))).toEqual(new Set(["one", "two", "three"]));
    const names = vc.nodes.map((n) => n.name).join(" ");
    const script = `for n in ${names}; do ping -c 1 -W 5 $n >/dev/null && echo $n; done`;
    for (const n of vc.nodes) {
      const r = await first.cli("exec", `wide/${n.name}`, "--", "sh", "-c", script);
      expect([n.name, r.code, r.stdout.trim().replaceAll("\n", " ")]).toEqual([n.name, 0, names]);
    }
    await done(await first.root.deleteVcluster({ params: { name: "wide" } }));
    for (const h of lab.hosts) expect(await h.run("ip", "-o", "link")).not.toContain(`: dk${h.tag}`);
  },
  TEST_MS,
);
