import { Database } from "bun:sqlite";
import { join } from "node:path";
import { count } from "./counts.ts";
import { Feed } from "./feed.ts";
import { type Person, ScaleLab } from "./scale-lab.ts";
import { each, summarise } from "./stats.ts";
import { atMost, type Line, type Table } from "./table.ts";

const HOSTS = count("SCALE_HOSTS", 100, 10);
const RACK = count("SCALE_RACK", 20, 2);
/** Sizes at which everything is measured: what grows with them is seen. */
const NODES = [count("SCALE_NODES", 5_000, 500)].flatMap((n) => [n / 50, n / 5, n].map(Math.round));
const EACH = 5;
const PEOPLE = count("SCALE_PEOPLE", 10, 2);
const ASKED = count("SCALE_ASKED", 200, 5);
const CREATED = count("SCALE_CREATED", 50, 2);
const IDLE_S = count("SCALE_IDLE_SECONDS", 15, 2);
const VIEWERS = 50;

interface Size {
  nodes: number;
  perSecond: number;
  answers: Map<string, number[]>;
  idle: { cpu: number; rss: number };
  restart: { ready: number; reconciled: number; orders: number };
}

/** One master as it is shipped, with simulated hosts that join over TLS and measure their nodes every five seconds. */
export async function* bench(): AsyncGenerator<Table> {
  const lab = await ScaleLab.open(PEOPLE);
  try {
    const at = performance.now();
    const half = Math.ceil((HOSTS - RACK) / 2);
    await lab.join([half, HOSTS - RACK - half, RACK]);
    const joined = (performance.now() - at) / 1000;
    const sizes: Size[] = [];
    for (const nodes of NODES) sizes.push(await measure(lab, nodes));
    yield growth(sizes, joined);
    yield answers(sizes);
    yield await rack(lab);
    yield await viewers(lab);
  } finally {
    await lab.close();
  }
}

let made = 0;

/** Fills up to so many nodes in vclusters of five, and measures there. */
async function measure(lab: ScaleLab, nodes: number): Promise<Size> {
  const before = made;
  const vclusters = Math.floor(nodes / EACH) - made;
  const began = performance.now();
  await each(vclusters, 16, async (i) => {
    await lab.create(lab.people[i % PEOPLE]!, `v${before + i}`, EACH);
  });
  made += vclusters;
  await lab.rest();
  const perSecond = (vclusters * EACH) / ((performance.now() - began) / 1000);
  const times = new Map([...(await asked(lab)), ...(await changes(lab))]);
  const idle = await lab.usage(IDLE_S);
  return { nodes, perSecond, answers: times, idle, restart: await restart(lab) };
}

async function asked(lab: ScaleLab): Promise<Map<string, number[]>> {
  const get = (person: Person, path: string) => async () => {
    const r = await fetch(`${lab.docklet.portal}/api/v1${path}`, {
      headers: { authorization: `Bearer ${person.token}` },
    });
    if (!r.ok) throw new Error(`${path}: ${r.status} ${await r.text()}`);
    await r.text();
  };
  const [person, admin] = [lab.people[0]!, lab.admin];
  const times = new Map<string, number[]>();
  const ask = async (what: string, body: () => Promise<void>) => times.set(what, await each(ASKED, 1, body));
  await ask("GET /vclusters?limit=20, a person's", get(person, "/vclusters?limit=20"));
  await ask("GET /vclusters?owner=*&limit=20, an admin", get(admin, "/vclusters?owner=*&limit=20"));
  await ask("floor: the same 20 out of master.db, bun:sqlite alone", floor(lab));
  await ask("every page of 500, as an admin's portal asks", async () => {
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const query = { owner: "*", limit: 500, ...(cursor ? { cursor } : {}) };
      cursor = (await admin.api.vclusters({ query })).next;
    }
  });
  await ask("GET /hosts", get(admin, "/hosts"));
  await ask("GET /operations?limit=20, a person's", get(person, "/operations?limit=20"));
  await ask("GET /events?limit=20, a person's", get(person, "/events?limit=20"));
  await ask("GET /me, a person's", get(person, "/me"));
  return times;
}

/** What a page is made of, read and written as JSON, without HTTP, rights, names and whose it is. */
function floor(lab: ScaleLab): () => Promise<void> {
  const db = new Database(join(lab.docklet.prefix, "local/master.db"), { readonly: true });
  const page = db.prepare("SELECT * FROM vclusters ORDER BY seq DESC LIMIT 20");
  const nodes = db.prepare("SELECT * FROM nodes WHERE vcluster = ? ORDER BY idx");
  return async () => {
    const rows = page.all() as { id: string }[];
    JSON.stringify(rows.map((v) => ({ ...v, nodes: nodes.all(v.id) })));
  };
}

async function changes(lab: ScaleLab): Promise<Map<string, number[]>> {
  const person = lab.people[0]!;
  const creating = await each(CREATED, 1, async (i) => {
    await lab.create(person, `one${i}`, 1);
  });
  await lab.rest();
  const stopping = await each(CREATED, 1, async (i) => {
    await person.api.stopVcluster({ params: { name: `one${i}` } });
  });
  await lab.rest();
  for (let i = 0; i < CREATED; i++) {
    await person.api.deleteVcluster({ params: { name: `one${i}` } });
  }
  await lab.rest();
  return new Map([
    ["POST /vclusters, one node", creating],
    ["POST /vclusters/:name/stop", stopping],
  ]);
}

/** `kill -9` of the control process, and how long it takes until everything is as if nothing had been. */
async function restart(lab: ScaleLab): Promise<Size["restart"]> {
  const { orders } = await lab.counts();
  await lab.docklet.kill();
  const at = performance.now();
  await lab.docklet.up();
  await lab.hostsAre("ready", HOSTS);
  const ready = (performance.now() - at) / 1000;
  const reconciled = Math.max(ready, ((await lab.reconciled()) - at) / 1000);
  return { ready, reconciled, orders: (await lab.counts()).orders - orders };
}

function growth(sizes: Size[], joined: number): Table {
  const line = (what: string, of: (s: Size) => number, more: Partial<Line> = {}): Line => ({
    what,
    cells: sizes.map(of),
    ...more,
  });
  const last = sizes.at(-1)!;
  return {
    title: `Scale: one control process, ${HOSTS} simulated hosts`,
    columns: sizes.map((s) => `${s.nodes} nodes`),
    lines: [
      line("nodes made per second, until ready", (s) => s.perSecond),
      line("cpu % while nothing happens", (s) => s.idle.cpu, { budget: atMost(last.idle.cpu, 25, "% of a core") }),
      line("memory MB", (s) => s.idle.rss),
      line("kill -9, start: all hosts are back, s", (s) => s.restart.ready),
      line("and every order is compared, s", (s) => s.restart.reconciled),
      line("orders that were sent for that", (s) => s.restart.orders),
    ],
    notes: [
      `All ${HOSTS} hosts had joined, over TLS with tokens, after ${joined.toFixed(1)} s. Hosts are workers in memory, in three processes on the same cores; every node is measured every 5 s and told of.`,
      `vclusters of ${EACH} nodes, ${PEOPLE} people, 16 requests at a time; a start takes the time that three steps of a simulated node take.`,
    ],
  };
}

function answers(sizes: Size[]): Table {
  const rows = [...sizes[0]!.answers.keys()];
  return {
    title: "Scale: answers over HTTP, p50 / p99 ms, at each size",
    columns: sizes.flatMap((s) => [`${s.nodes} nodes`, "p99"]),
    lines: rows.map((what) => {
      const all = sizes.map((s) => summarise(s.answers.get(what)!));
      const budget = what.startsWith("GET") ? { budget: atMost(all.at(-1)!.p99, 200, "ms (p99)") } : {};
      return { what, cells: all.flatMap((s) => [s.p50, s.p99]), ...budget };
    }),
    notes: [`One request at a time, ${ASKED} of each, while all nodes are measured. What is flat does not grow.`],
  };
}

/** The hosts of one switch fall silent, without a word, and come back. */
async function rack(lab: ScaleLab): Promise<Table> {
  const { child, size } = lab.racks.at(-1)!;
  const others = async () => {
    const all = await Promise.all(lab.racks.slice(0, -1).map((r) => r.counts()));
    return all.reduce((n, c) => n + c.orders, 0);
  };
  const before = { others: await others(), all: (await lab.counts()).orders };
  child.kill("SIGSTOP");
  let at = performance.now();
  await lab.hostsAre("unreachable", size);
  const gone = (performance.now() - at) / 1000;
  child.kill("SIGCONT");
  at = performance.now();
  await lab.hostsAre("ready", HOSTS);
  const back = (performance.now() - at) / 1000;
  const reconciled = Math.max(back, ((await lab.reconciled()) - at) / 1000);
  const after = { others: await others(), all: (await lab.counts()).orders };
  return {
    title: `Scale: a rack of ${size} hosts falls silent and comes back, ${NODES.at(-1)} nodes in all`,
    columns: ["seconds", "orders to it", "orders to others"],
    lines: [
      { what: "all of them unreachable", cells: [gone, "–", "–"] },
      { what: "all of them ready again", cells: [back, "–", "–"] },
      {
        what: "and every order compared",
        cells: [reconciled, after.all - before.all - (after.others - before.others), after.others - before.others],
      },
    ],
    notes: ["Silence is noticed by three missed beats of five seconds; a closed connection at once."],
  };
}

/** People with their portal open: each is told of their own, an admin of everything. */
async function viewers(lab: ScaleLab): Promise<Table> {
  const lines: Line[] = [{ what: "nobody looks", cells: await use(lab) }];
  const feeds: Feed[] = [];
  const open = async (p: Person) => {
    const init = { headers: { authorization: `Bearer ${p.token}` } };
    feeds.push(await Feed.open(`${lab.docklet.portal}/api/v1/events/stream`, init));
  };
  for (let i = 0; i < VIEWERS; i++) await open(lab.people[i % PEOPLE]!);
  lines.push({ what: `${VIEWERS} portals of ${PEOPLE} people are open`, cells: await use(lab) });
  await open(lab.admin);
  lines.push({ what: "and an admin's", cells: await use(lab) });
  for (const f of feeds) f.close();
  return {
    title: `Scale: live updates, ${NODES.at(-1)} nodes measured every 5 s`,
    columns: ["cpu %", "memory MB"],
    lines,
    notes: ["The clients read on the same cores; cpu is the control process's alone."],
  };
}

async function use(lab: ScaleLab): Promise<number[]> {
  const { cpu, rss } = await lab.usage(IDLE_S);
  return [cpu, rss];
}
