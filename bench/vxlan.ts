import { until } from "../src/lib/retry.ts";
import { command } from "../test/kit/command.ts";
import type { LabHost } from "../test/kit/lab-host.ts";
import { onItsNetwork, owner, Stage } from "../test/lab/stage.ts";
import { count } from "./counts.ts";
import { atEnd } from "./ending.ts";
import { quantile } from "./stats.ts";
import type { Line, Table } from "./table.ts";

const ROUNDS = count("VXLAN_ROUNDS", 5, 1);
const SECONDS = count("VXLAN_SECONDS", 3, 1);
const PINGS = count("VXLAN_PINGS", 500, 20);

/** A pair of ends, each as argv that runs a command there. */
interface Pair {
  what: string;
  from: string[];
  to: string[];
  address: string;
}

/** Node to node on two hosts beside the wire between the hosts, and beside two nodes of one host; in turns, in one run. */
export async function* bench(): AsyncGenerator<Table> {
  await command(["iperf3", "--version"]);
  const stage = await Stage.set(["one", "two"], ["one", "two"]);
  const end = atEnd(() => stage.strike());
  try {
    const vc = await stage.create(owner("bench"), "bench", 3);
    const nodes = await stage.nodes(vc.id);
    const [near, far] = [nodes.filter((n) => n.host.name === "one"), nodes.find((n) => n.host.name === "two")!];
    const [one, two] = stage.lab.hosts as [LabHost, LabHost];
    const pairs: Pair[] = [
      { what: "host ↔ host, plain veth", from: one.enter(), to: two.enter(), address: two.address },
      {
        what: "node ↔ node, same host",
        from: onItsNetwork(near[0]!),
        to: onItsNetwork(near[1]!),
        address: near[1]!.address,
      },
      {
        what: "node ↔ node, across hosts (VXLAN)",
        from: onItsNetwork(near[0]!),
        to: onItsNetwork(far),
        address: far.address,
      },
    ];
    const rates = pairs.map((): Rate[] => []);
    const trips = pairs.map((): number[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, pair] of pairs.entries()) {
        rates[i]!.push(await throughput(pair));
        trips[i]!.push(...(await roundTrips(pair, Math.ceil(PINGS / ROUNDS))));
      }
    }
    const floor = quantile(
      rates[0]!.map((r) => r.gbits),
      0.5,
    );
    const lines = pairs.map(({ what }, i): Line => {
      const gbits = quantile(
        rates[i]!.map((r) => r.gbits),
        0.5,
      );
      const resent = quantile(
        rates[i]!.map((r) => r.resent),
        0.5,
      );
      return {
        what,
        cells: [
          gbits,
          `${Math.round((gbits / floor) * 100)} %`,
          resent,
          quantile(trips[i]!, 0.5),
          quantile(trips[i]!, 0.99),
        ],
      };
    });
    yield {
      title: "Network between nodes",
      columns: ["Gbit/s", "of the veth", "resent", "ping p50 µs", "ping p99 µs"],
      lines,
      notes: [
        `iperf3, one TCP stream, ${ROUNDS} × ${SECONDS} s in turns, the median; ${PINGS} pings of 56 bytes. Sender, receiver and all hosts share the cores of one machine.`,
        "The veth is the network between the lab hosts, a switch with a cable to each, MTU 1500: what a tunnel goes over. Nodes have 1450 everywhere, also on one host.",
      ],
    };
  } finally {
    await end();
  }
}

interface Rate {
  gbits: number;
  resent: number;
}

async function throughput(p: Pair): Promise<Rate> {
  const server = Bun.spawn([...p.to, "timeout", "60", "iperf3", "-s", "-1"], { stdout: "ignore", stderr: "ignore" });
  await until("iperf3 to listen", async () => (await command([...p.to, "ss", "-Hltn"])).includes(":5201 "), {
    timeoutMs: 10_000,
  });
  const text = await command([...p.from, "iperf3", "-c", p.address, "-t", String(SECONDS), "-J"]);
  await server.exited;
  const { end } = JSON.parse(text) as {
    end: { sum_sent: { retransmits: number }; sum_received: { bits_per_second: number } };
  };
  return { gbits: end.sum_received.bits_per_second / 1e9, resent: end.sum_sent.retransmits };
}

/** Microseconds. */
async function roundTrips(p: Pair, n: number): Promise<number[]> {
  const text = await command([...p.from, "ping", "-i", "0.005", "-c", String(n), p.address]);
  return [...text.matchAll(/ time=([\d.]+) ms/g)].map((m) => Number(m[1]) * 1000);
}
