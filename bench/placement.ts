import { join } from "node:path";
import type { NodeSize, PlacementWish } from "../src/contracts/public/index.ts";
import { shortId } from "../src/lib/ids.ts";
import { candidates as allCandidates, type Standing } from "../src/master/hosts/candidates.ts";
import { place } from "../src/master/placement/place.ts";
import type { FakeWorker } from "../test/kit/fake-worker.ts";
import { ANN, CAUSE, Stage } from "../test/kit/master-stage.ts";
import { count } from "./counts.ts";
import { firstFit, floorOf, HOSTS, hostName, hosts, ordered, PER_VCLUSTER, SIZE, taking } from "./placement-peers.ts";
import { type Summary, summarise } from "./stats.ts";
import { atLeast, type Table } from "./table.ts";

/**
 * What it costs to choose a host among a hundred: the choice itself, the choice with what the database knows of five
 * thousand nodes, and the whole of a create. Beside it the least that anybody could do, and SQLite choosing by itself.
 */
const CHOICES = count("PLACEMENTS", 20_000, 200);
const NODES = count("PLACEMENT_NODES", 5_000, 100);
const CREATES = count("PLACEMENT_CREATES", 500, 5);
interface Figure {
  what: string;
  perSecond: number;
  us: Summary;
  budget?: number;
}

export async function* bench(): AsyncGenerator<Table> {
  yield table(`Choosing one of ${HOSTS} hosts for a node, ${CHOICES} nodes one after the other`, [
    measure("floor: the first host that has room", CHOICES, firstFit()),
    measure("peer: SQLite, ORDER BY over the hosts in memory, and the UPDATE", CHOICES, ordered()),
    { ...measure("docklet: spread, with the reason", CHOICES, chooser({})), budget: 10_000 },
    measure("docklet: pack, on hosts with a label", CHOICES, chooser({ strategy: "pack", labels: { disk: "fast" } })),
    measure(
      `docklet: a vcluster of ${PER_VCLUSTER} nodes, apart`,
      CHOICES / 10,
      chooser({ nodes: "apart" }, PER_VCLUSTER),
    ),
    measure("docklet: no room anywhere, the refusal", CHOICES / 10, refuser()),
  ]);
  yield* stored();
}

async function* stored(): AsyncGenerator<Table> {
  const workers = Array.from({ length: HOSTS }, (_, i) => ({
    name: hostName(i),
    address: `192.0.2.${i}`,
    pace: "hand" as const,
  }));
  const stage = await new Stage(workers, { CLUSTER_NET: "172.16.0.1/12" }).up();
  for (const w of stage.workers) w.misbehave.silent = true;
  try {
    let n = 0;
    const create = (nodes: number) =>
      stage.api.create({ ...CAUSE, id: shortId(), owner: ANN, name: `v${n++}`, image: "mini", nodes, size: SIZE });
    while (n * PER_VCLUSTER < NODES) await create(PER_VCLUSTER);
    yield table(`The same, with what the database knows of ${NODES} nodes (nothing is written)`, [
      { ...measure("docklet: sums that are kept with the rows", CHOICES / 10, known(stage)), budget: 10_000 },
      measure("floor of summing up all nodes each time", CHOICES / 20, summed(stage)),
    ]);
    const durable = floorOf(join(stage.folder, "floor.db"));
    const floor = measure("floor: bun:sqlite, one row per FULL commit", CREATES, durable.write);
    durable.close();
    const times: number[] = [];
    const began = performance.now();
    for (let i = 0; i < CREATES; i++) {
      const at = performance.now();
      await create(1);
      times.push((performance.now() - at) * 1000);
    }
    const perSecond = CREATES / ((performance.now() - began) / 1000);
    yield table(`Creating a vcluster of one node at the master, durable, ${NODES} nodes on ${HOSTS} hosts`, [
      floor,
      { what: "docklet: create, with leases, operation, event and order", perSecond, us: summarise(times) },
    ]);
  } finally {
    await stage.down();
  }
}

function table(title: string, figures: Figure[]): Table {
  return {
    title,
    columns: ["per second", "p50 µs", "p99 µs"],
    lines: figures.map((f) => ({
      what: f.what,
      cells: [f.perSecond, f.us.p50, f.us.p99],
      ...(f.budget === undefined ? {} : { budget: atLeast(f.perSecond, f.budget, "/s") }),
    })),
  };
}

function measure(what: string, times: number, body: (i: number) => void): Figure {
  for (let i = 0; i < Math.min(500, times); i++) body(i);
  const took: number[] = [];
  const began = performance.now();
  for (let i = 0; i < times; i++) {
    const at = performance.now();
    body(i);
    took.push((performance.now() - at) * 1000);
  }
  return { what, perSecond: times / ((performance.now() - began) / 1000), us: summarise(took) };
}

function chooser(wish: PlacementWish, nodes = 1): () => void {
  return taking((all) => {
    const got = place({ nodes, size: SIZE, wish, first: true }, all);
    if (!got.ok) throw new Error(got.message);
    return got.hosts;
  });
}

function refuser(): () => void {
  const all = hosts();
  return () => {
    if (place({ nodes: 1, size: { ...SIZE, memory: 1e9 } }, all).ok) throw new Error("placed");
  };
}

const OVERCOMMIT = { CPU_OVERCOMMIT: 8, MEMORY_OVERCOMMIT: 2, DISK_OVERCOMMIT: 4, MEMORY_RESERVE: 1024 };
const LOCAL = { unfit: () => null, warm: () => 0, here: () => true };

function standings(stage: Stage): Standing[] {
  const setting = { cordoned: false, labels: {} };
  return stage.workers.map((w: FakeWorker) => ({ name: w.name, problem: null, report: w.host, setting }));
}

/** What the master's create does to find a place. */
function known(stage: Stage): () => void {
  const all = standings(stage);
  return () => {
    const open = allCandidates(stage.store, all, LOCAL, { owner: ANN.id }, OVERCOMMIT);
    if (!place({ nodes: 1, size: SIZE, first: true }, open).ok) throw new Error("no room");
  };
}

function summed(stage: Stage): () => void {
  const open = allCandidates(stage.store, standings(stage), LOCAL, {}, OVERCOMMIT);
  return () => {
    const rows = stage.store.all<NodeSize & { host: string }>(
      "SELECT host, sum(cpu) AS cpu, sum(memory) AS memory, sum(disk) AS disk FROM nodes GROUP BY host",
    );
    const promised = new Map(rows.map((r) => [r.host, r]));
    const now = open.map((c) => ({ ...c, reserved: promised.get(c.name) ?? c.reserved }));
    if (!place({ nodes: 1, size: SIZE }, now).ok) throw new Error("no room");
  };
}
