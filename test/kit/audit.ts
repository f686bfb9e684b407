import { Database } from "bun:sqlite";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../src/lib/retry.ts";
import { listMounts } from "../../src/os/mounts.ts";
import { Layout } from "../../src/worker/layout.ts";
import type { TestDocklet } from "./docklet.ts";

/**
 * Compares what one docklet has in the kernel and on its pool with what its rows say it should have. Each line of the
 * answer is something too much (+), something missing (-), or two wings that disagree (!).
 */
export async function audit(d: TestDocklet): Promise<string[]> {
  const layout = new Layout(d.prefix, d.tag);
  const rows = readRows(d);
  const running = rows.instances.filter((i) => i.running);
  const ids = running.map((i) => i.id);
  const found: string[] = [];
  const same = (what: string, is: string[], should: string[]) => found.push(...compare(what, is, should));

  same("link", links(layout.veth("")), ids.map(layout.veth));
  // A bridge stays while its vcluster is stopped, but never longer than the vcluster.
  const bridges = links(layout.bridge(""));
  const kept = bridges.filter((b) => rows.orders.some((o) => layout.bridge(o) === b));
  same("bridge", bridges, [...new Set([...running.flatMap((i) => i.vcluster ?? []).map(layout.bridge), ...kept])]);
  same(
    "port",
    ports(d.tag),
    running.filter((i) => i.node).map((i) => layout.veth(i.id)),
  );
  for (const [controller, dir] of cgroupRoots(layout.cgroupRoot)) same(`cgroup ${controller}`, folders(dir), ids);
  for (const [controller, dir] of cgroupRoots(layout.monitorRoot)) {
    same(
      `monitor ${controller}`,
      folders(dir),
      ids.filter((id) => existsSync(join(dir, id))),
    );
  }
  same("lxc-start", monitors(layout), ids);
  const own = ["events", "lxc"];
  same(
    "live",
    folders(layout.live).filter((f) => !own.includes(f)),
    ids,
  );
  // The home's slot holds two mounts, one upon the other, once it is somebody's.
  const mounts = listMounts(layout.live)
    .map((m) => m.target)
    .filter((t) => t !== layout.live);
  same(
    "mount",
    mounts,
    running.flatMap((i) => [
      layout.merged(i.id),
      layout.identity(i.id),
      layout.homeSlot(i.id),
      ...(i.node ? [layout.homeSlot(i.id)] : []),
    ]),
  );
  same(
    "disk",
    readdirSync(join(layout.pool, "nodes")),
    rows.instances.map((i) => i.id),
  );
  same("build", readdirSync(join(layout.pool, "build")), []);
  const layers = readdirSync(join(layout.pool, "layers"));
  same(
    "layer",
    layers.filter((l) => !l.endsWith(".json")).map((l) => `${l}.json`),
    layers.filter((l) => l.endsWith(".json")),
  );
  same(
    "pool mount",
    listMounts(layout.pool).map((m) => m.target),
    [layout.pool],
  );
  for (const i of rows.instances.filter((x) => x.stage === "dying" || x.stage === "filling"))
    found.push(`+ ${i.stage} ${i.id}`);
  same(
    "instance's node",
    rows.instances.flatMap((i) => i.node ?? []),
    rows.nodes.filter((n) => rows.instances.some((i) => i.node === n)),
  );
  same("order", rows.orders, rows.vclusters);
  same("allocation", rows.allocations, rows.vclusters);
  same("address lease", rows.addresses, rows.nodes);
  same("subnet lease", rows.subnets, rows.vclusters);
  same("vni lease", rows.vnis, rows.vclusters);
  for (const op of rows.operations) found.push(`+ unfinished operation ${op}`);
  return found;
}

/** Waits until nothing is under way and the audit is clean; the leftovers are in the error otherwise. */
export async function settled(d: TestDocklet, timeoutMs = 40_000): Promise<void> {
  let left: string[] = [];
  await until(
    "docklet to settle",
    async () => {
      left = await audit(d);
      return left.length === 0;
    },
    { timeoutMs, firstMs: 20, maxMs: 200 },
  ).catch(() => {
    throw new Error(`docklet did not settle:\n${left.join("\n")}`);
  });
}

export interface Rows {
  instances: { id: string; node: string | null; vcluster: string | null; stage: string; running: boolean }[];
  orders: string[];
  nodes: string[];
  vclusters: string[];
  addresses: string[];
  subnets: string[];
  vnis: string[];
  allocations: string[];
  operations: string[];
}

function readRows(d: TestDocklet): Rows {
  const read = <T>(wing: string, sql: string): T[] => {
    const db = new Database(join(d.prefix, `local/${wing}.db`), { readonly: true });
    try {
      return db.query(sql).all() as T[];
    } finally {
      db.close();
    }
  };
  const column = (wing: string, sql: string) => read<{ x: string }>(wing, sql).map((r) => r.x);
  const up = column("master", "SELECT id AS x FROM nodes WHERE state = 'ready'");
  type Instance = Omit<Rows["instances"][number], "running">;
  return {
    instances: read<Instance>("worker", "SELECT id, node, vcluster, stage FROM instances").map((i) => ({
      ...i,
      running: i.node === null ? i.stage === "warm" : up.includes(i.node),
    })),
    orders: column("worker", "SELECT vcluster AS x FROM orders WHERE body IS NOT NULL"),
    nodes: column("master", "SELECT id AS x FROM nodes"),
    vclusters: column("master", "SELECT id AS x FROM vclusters"),
    addresses: column("master", "SELECT node AS x FROM address_leases"),
    subnets: column("master", "SELECT DISTINCT vcluster AS x FROM subnet_leases"),
    vnis: column("master", "SELECT vcluster AS x FROM vni_leases"),
    allocations: column("supermaster", "SELECT id AS x FROM allocations"),
    operations: column("master", "SELECT id || ' ' || kind AS x FROM operations WHERE ended_at IS NULL"),
  };
}

function compare(what: string, is: string[], should: string[]): string[] {
  const rest = [...should];
  const extra = is.filter((x) => {
    const at = rest.indexOf(x);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
  return [...extra.map((x) => `+ ${what} ${x}`), ...rest.map((x) => `- ${what} ${x}`)];
}

const links = (stem: string) => readdirSync("/sys/class/net").filter((n) => n.startsWith(stem));

function folders(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true })
    .filter((e) => e.isDirectory())
    .map((e) => e.name);
}

/** [controller, folder]: one for each tree of version 1, or the only one of version 2. */
function cgroupRoots(name: string): [string, string][] {
  const root = "/sys/fs/cgroup";
  if (existsSync(join(root, "cgroup.controllers"))) return [["v2", join(root, name)]];
  return folders(root).flatMap((c): [string, string][] =>
    existsSync(join(root, c, name)) ? [[c, join(root, c, name)]] : [],
  );
}

/** Host ends that the anti-spoofing set lets in. */
function ports(tag: string): string[] {
  const r = Bun.spawnSync(["nft", "-j", "list", "set", "bridge", `docklet_${tag}`, "ok"]);
  if (r.exitCode !== 0) throw new Error(`nft: ${r.stderr}`);
  const answer = JSON.parse(String(r.stdout)) as { nftables: { set?: { elem?: { concat: string[] }[] } }[] };
  return answer.nftables.flatMap((x) => x.set?.elem?.map((e) => e.concat[0]!) ?? []);
}

function monitors(layout: Layout): string[] {
  const name = layout.container("");
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (!argv[0]?.endsWith("lxc-start")) return [];
      return argv.flatMap((a) => (a.startsWith(name) ? [a.slice(name.length)] : []));
    } catch {
      return [];
    }
  });
}
