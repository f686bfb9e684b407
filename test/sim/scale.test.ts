import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Host, Operation, Vcluster } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import type { Credentials } from "../kit/supermaster-stage.ts";
import { Centre } from "./centre.ts";
import { Fleet } from "./fleet.ts";

setDefaultTimeout(90_000);

/** One master with 100 hosts and 5 000 nodes. Costs are counted and never timed: they must not grow with what exists. */
const HOSTS = 100;
const PEOPLE = 25;
/** Nodes of each vcluster, the same for every person: 200 in all. */
const SIZES = [60, 40, 30, 20, 20, 10, 5, 5, 5, 1, 1, 1, 1, 1];
const RACK = 20;

const centre = new Centre();
let fleet: Fleet;
let people: Credentials[];
let root: Credentials;
let costWhenEmpty: Cost;

beforeAll(async () => {
  await centre.up();
  for (let i = 0; i < PEOPLE; i++) centre.front.person(`p${i}`);
  people = Array.from({ length: PEOPLE }, (_, i) => centre.front.token(`p${i}`));
  root = centre.front.token("root", ["read", "write", "admin"]);
  fleet = new Fleet({
    folder: centre.folder,
    master: centre.address,
    hosts: HOSTS,
    stepMs: 20,
    beat: { everyMs: 1000, missed: 20 },
    pace: { firstMs: 50, maxMs: 1000 },
  });
});
afterAll(async () => {
  await fleet.stop();
  await centre.down();
});

interface Cost {
  orders: number;
  rows: number;
  frames: number;
}

/** What one change costs until nothing moves any more. */
async function costOf(change: () => Promise<unknown>): Promise<Cost> {
  await centre.rest();
  centre.frames = [];
  const before = { orders: fleet.counts().orders, rows: centre.rows };
  await change();
  await centre.rest();
  return {
    orders: fleet.counts().orders - before.orders,
    rows: centre.rows - before.rows,
    frames: centre.told("vcluster"),
  };
}

const create = (as: Credentials, name: string, nodes: number) =>
  centre.front.json<{ vcluster: Vcluster; operation: Operation }>("POST", "/vclusters", {
    as,
    body: { name, nodes, image: "mini", size: { cpu: 0.5, memory: 256, disk: 512 } },
  });

const count = (sql: string) => centre.store.get<{ n: number }>(sql)!.n;
const pairs = () => count("SELECT count(*) AS n FROM (SELECT DISTINCT vcluster, host FROM nodes)");
const events = () => count("SELECT coalesce(max(seq), 0) AS n FROM events");

/** One node of one vcluster fails on its host. */
async function oneFails(): Promise<void> {
  const watched = () => centre.front.json<Vcluster>("GET", "/vclusters/watched", { as: root });
  const vc = await watched();
  const { id, host } = vc.nodes[1]!;
  const worker = fleet.hosts.find((h) => h.name === host)!;
  const node = worker.nodes.get(id)!;
  Object.assign(node, { state: "failed", reason: "out of memory" });
  const { generation, state, reason, slug } = node;
  const about = { type: "node" as const, id, vcluster: vc.id };
  worker.tell({ ...about, generation, state, reason, slug, jupyterToken: null, warm: false, bootedAt: null });
  await until("it is seen", async () => (await watched()).state === "failed", { timeoutMs: 20_000 });
}

async function heal(): Promise<void> {
  await centre.front.json("POST", "/vclusters/watched/start", { as: root });
  await centre.rest();
}

test("100 hosts join", async () => {
  await fleet.connect(await centre.token(HOSTS));
  await centre.hostsAre("ready", HOSTS);
  expect(fleet.connected).toBe(HOSTS);
  await create(root, "watched", 3);
  costWhenEmpty = await costOf(oneFails);
  expect(costWhenEmpty).toMatchObject({ orders: 0, frames: 1 });
  await heal();
});

test("5 000 nodes are made through the API, each by one order to its host", async () => {
  const before = { orders: fleet.counts().orders, pairs: pairs(), rows: centre.rows };
  await Promise.all(
    people.map(async (as) => {
      for (const [k, nodes] of SIZES.entries()) await create(as, `v${k}`, nodes);
    }),
  );
  await centre.rest();
  expect(count("SELECT count(*) AS n FROM nodes WHERE state = 'ready'")).toBe(5_000 + 3);
  expect(fleet.counts().nodes).toBe(5_000 + 3);
  expect(fleet.counts().orders - before.orders).toBe(pairs() - before.pairs);
  // At most three reports of a node, each a few rows: the last vcluster costs no more than the first.
  expect(centre.rows - before.rows).toBeLessThan(5_000 * 15 + PEOPLE * SIZES.length * 40);
  for (const h of fleet.hosts) {
    const rows = centre.store.all<{ id: string }>("SELECT id FROM nodes WHERE host = $host", { host: h.name });
    expect(new Set(h.nodes.keys())).toEqual(new Set(rows.map((r) => r.id)));
  }
});

test("lists: a person's own, everybody's page by page, and what hosts are promised", async () => {
  const page = await centre.front.json<{ items: Vcluster[] }>("GET", "/vclusters", { as: people[3]! });
  expect(page.items.map((v) => v.nodes.length).sort((a, b) => b - a)).toEqual(SIZES);
  expect(page.items.every((v) => v.owner === "p3" && v.state === "ready")).toBe(true);
  const seen = new Set<string>();
  for (let cursor: string | null = ""; cursor !== null; ) {
    const path: string = `/vclusters?owner=*&limit=100${cursor && `&cursor=${cursor}`}`;
    const { items, next } = await centre.front.json<{ items: Vcluster[]; next: string | null }>("GET", path, {
      as: root,
    });
    for (const v of items) for (const n of v.nodes) seen.add(n.id);
    cursor = next;
  }
  expect(seen.size).toBe(5_000 + 3);
  const hosts = await centre.front.json<{ items: Host[] }>("GET", "/hosts", { as: root });
  expect(hosts.items.reduce((n, h) => n + h.nodes, 0)).toBe(5_000 + 3);
});

test("one change among 5 000 nodes costs what it costs among three", async () => {
  expect(await costOf(oneFails)).toEqual(costWhenEmpty);
  await heal();
});

test("a restarted master finds everything as it was, and changes nothing", async () => {
  await centre.rest();
  const before = { ...fleet.counts(), events: events() };
  await centre.restart();
  await centre.hostsAre("ready", HOSTS);
  await centre.settled(() => fleet.counts().orders + centre.rows);
  // Orders were compared by every host, and none was sent.
  expect({ ...fleet.counts(), events: events() }).toEqual(before);
  const { term } = centre.store.get<{ term: number }>("SELECT term FROM term")!;
  const held = centre.store.all<{ vcluster: string; host: string }>("SELECT DISTINCT vcluster, host FROM nodes");
  const byName = new Map(fleet.hosts.map((h) => [h.name, h]));
  expect(held.every((r) => byName.get(r.host)!.term(r.vcluster) === term)).toBe(true);
  expect(centre.told("vcluster")).toBe(0);
  expect(centre.told("operation")).toBe(0);
  expect(centre.rows).toBeLessThanOrEqual(10 * HOSTS);
});

test("a rack of 20 hosts vanishes and comes back: its nodes say so, others are left alone", async () => {
  await centre.rest();
  const [rack, rest] = [fleet.hosts.slice(0, RACK), fleet.hosts.slice(RACK)];
  const names = new Set(rack.map((h) => h.name));
  const before = { rack: fleet.counts(rack), rest: fleet.counts(rest) };
  centre.frames = [];
  await fleet.disconnect(rack);
  await centre.hostsAre("unreachable", RACK);
  const waiting = () => count("SELECT count(*) AS n FROM nodes WHERE waits IS NOT NULL");
  const there = before.rack.nodes;
  await until("their nodes say so", async () => waiting() === there, { timeoutMs: 20_000 });
  const told = centre.frames.flatMap((f) => (f.type === "host" ? [f.data.name] : []));
  expect(told.every((name) => names.has(name))).toBe(true);
  await centre.rest();
  await fleet.connect(null, rack);
  await centre.hostsAre("ready", HOSTS);
  await until("nothing waits", async () => waiting() === 0, { timeoutMs: 20_000 });
  await centre.settled(() => fleet.counts().orders + centre.rows);
  expect(fleet.counts(rest)).toEqual(before.rest);
  expect(fleet.counts(rack)).toEqual(before.rack);
});
