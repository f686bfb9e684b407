import { Bare, BRIDGE } from "./bare.ts";
import { count } from "./counts.ts";
import { Lab, type Person } from "./lab.ts";
import { Lxd } from "./lxd.ts";
import { each, summarise } from "./stats.ts";
import { atLeast, type Budget, type Line, type Table, within } from "./table.ts";

const N_ALONE = count("STARTS", 30, 3);
const N_CROWD = count("CROWD", 50, 4);
const ROUNDS = count("ROUNDS", 3, 1);
const SIZE = { cpu: 0.1, memory: 64, disk: 256 };

interface Runs {
  /** Milliseconds of each start, one after the other. */
  alone: number[];
  /** Milliseconds of each of many that were asked for at once. */
  crowd: number[];
  /** Starts per second of the crowd, one figure a round. */
  rates: number[];
}

interface Starter {
  start(index: number): Promise<void>;
  stop(index: number): Promise<void>;
}

/** Containers of `mini`: create → running. Through docklet's API without a pool, by bare LXC, by LXD. */
export async function* bench(): AsyncGenerator<Table> {
  const lab = await Lab.open(["mini"], { WARM_NODES: "" });
  try {
    const person = await lab.person("person");
    const bare = await Bare.open(lab, "mini");
    try {
      const lxd = await Lxd.open();
      if (lxd) await lxd.import("mini", lab.layers("mini"));
      // In turns, so that a change of the machine's mood hits all of them.
      const floor = starter(bare);
      const ours = viaApi(lab, person);
      const theirs = lxd && viaLxd(lxd, bare.net);
      const runs = { floor: empty(), ours: empty(), theirs: empty() };
      for (let round = 0; round < ROUNDS; round++) {
        await runAlone(ours, runs.ours, N_ALONE / ROUNDS, round);
        await runAlone(floor, runs.floor, N_ALONE / ROUNDS, round);
        if (theirs) await runAlone(theirs, runs.theirs, N_ALONE / ROUNDS, round);
        await runCrowd(ours, runs.ours, N_CROWD);
        // By hand nobody bounds it: two at a time is what is quickest on two cores, and the best for the floor.
        await runCrowd(floor, runs.floor, 2);
        if (theirs) await runCrowd(theirs, runs.theirs, 2);
      }
      await lxd?.close();
      yield table(runs.ours, runs.floor, theirs ? runs.theirs : null);
    } finally {
      await bare.close();
    }
  } finally {
    await lab.close();
  }
}

const empty = (): Runs => ({ alone: [], crowd: [], rates: [] });

async function runAlone(s: Starter, runs: Runs, n: number, round: number): Promise<void> {
  for (let i = 0; i < Math.ceil(n) + (round === 0 ? 1 : 0); i++) {
    const [took] = await each(1, 1, () => s.start(0));
    // The very first one warms caches.
    if (round > 0 || i > 0) runs.alone.push(took!);
    await s.stop(0);
  }
}

async function runCrowd(s: Starter, runs: Runs, width: number): Promise<void> {
  const at = performance.now();
  runs.crowd.push(...(await each(N_CROWD, width, (i) => s.start(i))));
  runs.rates.push(N_CROWD / ((performance.now() - at) / 1000));
  await each(N_CROWD, 4, (i) => s.stop(i));
}

/** From before the request until the person's event stream says that it is ready. */
function viaApi(lab: Lab, person: Person): Starter {
  let n = 0;
  const names = new Map<number, string>();
  return {
    start: async (index) => {
      const name = `m${n++}`;
      names.set(index, name);
      const ready = person.feed.vcluster(name, (v) => v.state === "ready");
      await person.api.createVcluster({ body: { name, image: "mini", size: SIZE } });
      await ready;
    },
    stop: (index) => lab.remove(person, names.get(index)!),
  };
}

function starter(bare: Bare): Starter {
  let n = 0;
  const nodes = new Map<number, number>();
  return {
    start: async (index) => {
      // An index is an address, so they are used again.
      const node = n++ % 200;
      nodes.set(index, node);
      bare.prepare(node);
      await bare.start(node);
    },
    stop: (index) => bare.stop(nodes.get(index)!),
  };
}

function viaLxd(lxd: Lxd, net: string): Starter {
  return {
    start: (index) =>
      lxd.launch(`m${index}`, "mini", { bridge: BRIDGE, raw: [`lxc.net.0.ipv4.address = ${net}.${index + 10}/24`] }),
    stop: (index) => lxd.remove(`m${index}`),
  };
}

function table(ours: Runs, floor: Runs, theirs: Runs | null): Table {
  const crowd = `${N_CROWD} asked for at once`;
  return {
    title: "Start of a container of `mini`: create → running",
    columns: ["n", "p50 ms", "p99 ms", "worst ms", "per second"],
    lines: [
      line("docklet, API, no pool, one after the other", ours.alone, null, within(summarise(ours.alone), { p50: 60 })),
      line("bare lxc-start, one after the other", floor.alone, null),
      ...(theirs ? [line("LXD create + start, one after the other", theirs.alone, null)] : []),
      line(`docklet, API, no pool, ${crowd}`, ours.crowd, ours.rates, atLeast(middle(ours.rates), 40, "/s")),
      line(`bare lxc-start, ${N_CROWD}, two at a time`, floor.crowd, floor.rates),
      ...(theirs ? [line(`LXD create + start, ${N_CROWD}, two at a time`, theirs.crowd, theirs.rates)] : []),
    ],
    notes: [
      "docklet: POST /api/v1/vclusters with a token until the event stream says ready: reserved, placed, on disk three times, quota, limits, network and firewall included; each container is a vcluster of its own.",
      "bare: the same layers, overlay, id map and LXC by hand: folders, keys, user namespace, overlay, lxc-start -d. LXD: two requests over its socket, btrfs pool, the same tree as one image.",
      "What takes the time beside LXC itself: three short processes a node (ip on the host, ip in the node, nft), two btrfs commands and their share of docklet's one thread. Next step: the network by netlink, without processes.",
      ...(theirs ? [] : ["LXD is not installed on this machine."]),
    ],
  };
}

const middle = (values: number[]) => summarise(values).p50;

function line(what: string, values: number[], rates: number[] | null, budget?: Budget): Line {
  const s = summarise(values);
  const rate = rates ? middle(rates) : 1000 / (values.reduce((a, b) => a + b, 0) / values.length);
  return { what, cells: [s.n, s.p50, s.p99, s.max, rate], ...(budget && { budget }) };
}
