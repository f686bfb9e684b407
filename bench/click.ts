import { bareClicks } from "./click-floor.ts";
import { count } from "./counts.ts";
import { Lab, type Person } from "./lab.ts";
import { type Summary, summarise } from "./stats.ts";
import { type Limits, type Line, type Table, TIMES, times, within } from "./table.ts";
import { type Visit, visit } from "./visit.ts";

const N_WARM = count("CLICKS", 30, 2);
const N_COLD = count("COLD", 10, 1);
const ROUNDS = count("ROUNDS", 5, 1);
const POOL = 8;
const PEOPLE = 10;

const all = (v: Visit) => Math.max(v.ping!, v.banner!, v.login!, v.jupyter);

/** From the click on "New cluster" to a place to work in, through the public API and the gateway. */
export async function* bench(): AsyncGenerator<Table> {
  const lab = await Lab.open(["base"], { WARM_NODES: "" });
  try {
    const people: Person[] = [];
    for (let i = 0; i < PEOPLE; i++) people.push(await lab.person(`person${i}`));
    const me = people[0]!;
    const cold = await series(lab, me, N_COLD, 0, true);
    const browser = await series(lab, me, N_WARM, Math.min(POOL, 4), false);
    yield warmTable(browser, await series(lab, me, N_WARM, Math.min(POOL, 4), true));
    yield stepTable(browser, cold);
    yield crowdTable(await bursts(lab, people), await eights(lab, me));
    await lab.warm("base", 0);
    yield coldTable(cold, await bareClicks(lab, me, N_COLD));
  } finally {
    await lab.close();
  }
}

/** One click at a time, each into a full pool; what it made is gone before the next. */
async function series(lab: Lab, person: Person, n: number, pool: number, terminals: boolean): Promise<Visit[]> {
  const visits: Visit[] = [];
  // The first one finds caches cold and the person's data folder not made yet: it is not counted.
  for (let i = 0; i <= n; i++) {
    await lab.warm("base", pool);
    const name = `c${i}`;
    const v = await visit(lab, person, name, terminals);
    if (v.warm !== pool > 0) throw new Error(`a ${pool > 0 ? "warm" : "cold"} click got the other kind of node`);
    if (i > 0) visits.push(v);
    await lab.remove(person, name);
  }
  return visits;
}

async function bursts(lab: Lab, people: Person[]): Promise<Visit[]> {
  const visits: Visit[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await lab.warm("base", people.length);
    visits.push(...(await Promise.all(people.map((p) => visit(lab, p, `b${round}-${p.name}`, true)))));
    await Promise.all(people.map((p) => lab.remove(p, `b${round}-${p.name}`)));
  }
  return visits;
}

/** A vcluster of eight nodes out of a pool of eight: until the stream says that all are ready. */
async function eights(lab: Lab, person: Person): Promise<number[]> {
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await lab.warm("base", POOL);
    const name = `w${round}`;
    const ready = person.feed.vcluster(name, (v) => v.state === "ready");
    const at = performance.now();
    await person.api.createVcluster({ body: { name, image: "base", nodes: POOL } });
    took.push((await ready) - at);
    await lab.remove(person, name);
  }
  return took;
}

const line = (what: string, values: number[], limits?: Limits): Line => {
  const s: Summary = summarise(values);
  return { what, cells: times(s), ...(limits && { budget: within(s, limits) }) };
};

function warmTable(browser: Visit[], warm: Visit[]): Table {
  return {
    title: "Click, warm: one vcluster of one base node, from before POST /api/v1/vclusters",
    columns: TIMES,
    lines: [
      line(
        "Jupyter 200 through the gateway (browser alone)",
        browser.map((v) => v.jupyter),
        { p50: 40, p99: 120 },
      ),
      ...places(warm, "all at once: "),
      line("all at once: everything", warm.map(all), { p50: 120, p99: 250 }),
    ],
    notes: [
      "Token over TCP, SQLite with synchronous=FULL; readiness by the event stream; ticket and cookie as a browser does it.",
      '"All at once": the same click with ping, an ssh banner and a full OpenSSH login tried beside the browser; clients run on the same cores.',
    ],
  };
}

const places = (visits: Visit[], prefix: string): Line[] => [
  line(
    `${prefix}ping`,
    visits.map((v) => v.ping!),
  ),
  line(
    `${prefix}ssh banner`,
    visits.map((v) => v.banner!),
  ),
  line(
    `${prefix}OpenSSH login, ~/nfs written`,
    visits.map((v) => v.login!),
  ),
  line(
    `${prefix}Jupyter 200 through the gateway`,
    visits.map((v) => v.jupyter),
  ),
];

function coldTable(cold: Visit[], floors: Awaited<ReturnType<typeof bareClicks>>): Table {
  return {
    title: "Click, cold: no warm node; beside starts of the same root file system without docklet",
    columns: TIMES,
    lines: [
      line(
        "docklet: OpenSSH login, ~/nfs written",
        cold.map((v) => v.login!),
        { p50: 500 },
      ),
      line(
        "docklet: Jupyter 200 through the gateway",
        cold.map((v) => v.jupyter),
        { p50: 1500 },
      ),
      ...floors.flatMap((f) => [
        line(
          `${f.name}: OpenSSH login`,
          f.visits.map((v) => v.login),
        ),
        line(
          `${f.name}: Jupyter 200, asked directly`,
          f.visits.map((v) => v.jupyter),
        ),
      ]),
    ],
    notes: [
      "The floor starts from a finished identity and configuration; it has no API, no database, no quota, no firewall and no gateway.",
      ...floors.flatMap((f) => f.notes),
    ],
  };
}

function crowdTable(burst: Visit[], wide: number[]): Table {
  return {
    title: "Click, many at once",
    columns: TIMES,
    lines: [
      ...places(burst, `${PEOPLE} people at once: `),
      line(`${PEOPLE} people at once: everything`, burst.map(all)),
      line(`${POOL}-node vcluster, warm pool of ${POOL}: all ready`, wide, { max: 400 }),
    ],
    notes: [
      `${ROUNDS} rounds each. The ${PEOPLE} ssh clients and the bench itself run on the same cores as the nodes.`,
    ],
  };
}

/** Where the time of a click goes: moments after the click. */
function stepTable(warm: Visit[], cold: Visit[]): Table {
  const steps: [string, (v: Visit) => number][] = [
    ["API has answered (checked, placed, on disk)", (v) => v.answered],
    ["the worker has a container and has named it", (v) => v.named],
    ["the node has its network", (v) => v.plugged],
    ["ready, as the event stream says", (v) => v.ready],
    ["link to the workspace (POST …/open)", (v) => v.linked],
    ["ticket traded for the cookie", (v) => v.admitted],
    ["/api/status 200 through the gateway", (v) => v.jupyter],
  ];
  return {
    title: "Click, by step (browser alone): moments after the click",
    columns: ["warm p50 ms", "warm p99 ms", "cold p50 ms", "cold p99 ms"],
    lines: steps.map(([what, at]) => {
      const [w, c] = [summarise(warm.map(at)), summarise(cold.map(at))];
      return { what, cells: [w.p50, w.p99, c.p50, c.p99] };
    }),
  };
}
