import { readFileSync } from "node:fs";
import { Bare } from "./bare.ts";
import { count, smoke } from "./counts.ts";
import { Lab, type Person } from "./lab.ts";
import { banner, jupyter } from "./probes.ts";
import { each, summarise } from "./stats.ts";
import { atMost, type Table } from "./table.ts";

/** Nodes with Jupyter and without; 100 and 300 fill a machine of 16 GB. */
const JUPYTERS = count("JUPYTERS", 20, 2);
const MINIS = count("MINIS", 50, 3);
const FLOOR = count("FLOOR", 5, 1);
const IDLE_S = count("IDLE_SECONDS", 30, 3);
const LISTS = count("LISTS", 50, 5);
const SETTLE_MS = smoke ? 500 : 8_000;
const TICKS_PER_SECOND = 100;

/** What idle nodes cost: memory of each, docklet's own cpu, and how quickly it still answers. */
export async function* bench(): AsyncGenerator<Table> {
  const lab = await Lab.open(["base", "mini"], { WARM_NODES: "" });
  try {
    const person = await lab.person("person");
    const empty = await usage(lab);
    const base = await fill(lab, person, "base", JUPYTERS);
    const withJupyter = await usage(lab);
    const mini = await fill(lab, person, "mini", MINIS);
    const full = await usage(lab);
    const lists = await listLatency(lab, person);
    await each(JUPYTERS, 2, (i) => lab.remove(person, `base${i}`));
    await each(MINIS, 2, (i) => lab.remove(person, `mini${i}`));
    const floors = { base: await floor(lab, "base", FLOOR), mini: await floor(lab, "mini", FLOOR * 2) };
    yield {
      title: "Density: memory of an idle node (what MemAvailable fell by, divided)",
      columns: ["nodes", "MB each"],
      lines: [
        { what: "docklet, base with Jupyter", cells: [JUPYTERS, base], budget: atMost(base, 75, "MB") },
        { what: "bare lxc-start, base with Jupyter", cells: [FLOOR, floors.base] },
        { what: "docklet, mini", cells: [MINIS, mini], budget: atMost(mini, 14, "MB") },
        { what: "bare lxc-start, mini", cells: [FLOOR * 2, floors.mini] },
      ],
      notes: [
        "The monitor process of LXC, one per node, is included. Every node is a vcluster of its own.",
        "Nearly all of a node with Jupyter is Jupyter: its Python, 60 MB of private memory. What is over the bare one are its network, its identity and the answers it gave to be called ready. Next step: no Jupyter on nodes other than host-0 until somebody opens it.",
      ],
    };
    yield {
      title: "Density: the control process while nothing happens, one portal page open",
      columns: ["nodes", "cpu %", "memory MB"],
      lines: [
        { what: "no node", cells: [0, empty.cpu, empty.rss] },
        { what: "nodes with Jupyter", cells: [JUPYTERS, withJupyter.cpu, withJupyter.rss] },
        {
          what: "and nodes without",
          cells: [JUPYTERS + MINIS, full.cpu, full.rss],
          budget: atMost(full.cpu, 5, "% of a core"),
        },
      ],
      notes: [`User and system time of docklet over ${IDLE_S} s, gateway included.`],
    };
    yield {
      title: `Density: lists over HTTP with ${JUPYTERS + MINIS} vclusters`,
      columns: ["n", "p50 ms", "p99 ms", "KiB"],
      lines: lists.map((l) => {
        const s = summarise(l.took);
        return { what: l.what, cells: [s.n, s.p50, s.p99, l.size / 1024], budget: atMost(s.p99, 200, "ms (p99)") };
      }),
    };
  } finally {
    await lab.close();
  }
}

/** Makes `n` vclusters of one node, waits until they have come to rest; returns MB of each. */
async function fill(lab: Lab, person: Person, image: string, n: number): Promise<number> {
  const before = await available();
  await each(n, 4, async (i) => {
    const name = `${image}${i}`;
    const ready = person.feed.vcluster(name, (v) => v.state === "ready");
    const size = image === "mini" ? { cpu: 0.1, memory: 64, disk: 256 } : { cpu: 1, memory: 512, disk: 2048 };
    await person.api.createVcluster({ body: { name, image, size } });
    await ready;
  });
  await lab.docklet.root.hosts();
  return (before - (await available())) / n;
}

/** The same without docklet. */
async function floor(lab: Lab, image: string, n: number): Promise<number> {
  const bare = await Bare.open(lab, image);
  try {
    const before = await available();
    await each(n, 2, async (i) => {
      const node = bare.prepare(i);
      await bare.start(i);
      if (image !== "base") return;
      await banner(node.address, () => {});
      await jupyter(node.address, node.slug, node.token);
    });
    return (before - (await available())) / n;
  } finally {
    await bare.close();
  }
}

/** MB that could be had without swapping, once things have come to rest. */
async function available(): Promise<number> {
  await Bun.sleep(SETTLE_MS);
  const kib = Number(/^MemAvailable:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1]);
  return (kib * 1024) / 1e6;
}

/** cpu in percent of one core over a quiet while, and resident memory in MB. */
async function usage(lab: Lab): Promise<{ cpu: number; rss: number }> {
  const { pid } = lab.docklet;
  const ticks = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return Number(fields[11]) + Number(fields[12]);
  };
  await Bun.sleep(SETTLE_MS);
  const [before, at] = [ticks(), performance.now()];
  await Bun.sleep(IDLE_S * 1000);
  const seconds = (performance.now() - at) / 1000;
  const rss = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  return { cpu: ((ticks() - before) / TICKS_PER_SECOND / seconds) * 100, rss: (rss * 1024) / 1e6 };
}

async function listLatency(lab: Lab, person: Person): Promise<{ what: string; took: number[]; size: number }[]> {
  const admin = await adminToken(lab);
  const asked = [
    { what: "GET /vclusters?limit=500, their owner", path: "/vclusters?limit=500", token: person.token },
    { what: "GET /vclusters?owner=*&limit=500, an admin", path: "/vclusters?owner=*&limit=500", token: admin },
    { what: "GET /hosts, an admin", path: "/hosts", token: admin },
  ];
  const out = [];
  for (const { what, path, token } of asked) {
    let size = 0;
    const took = await each(LISTS, 1, async () => {
      const r = await fetch(`${lab.docklet.portal}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
      const text = await r.text();
      if (!r.ok) throw new Error(`${path}: ${r.status} ${text}`);
      size = text.length;
    });
    out.push({ what, took, size });
  }
  return out;
}

async function adminToken(lab: Lab): Promise<string> {
  const { secret } = await lab.docklet.root.createToken({ body: { name: "bench", scopes: ["read", "admin"] } });
  return secret;
}
