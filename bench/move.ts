import { Database } from "bun:sqlite";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../src/lib/retry.ts";
import { command } from "../test/kit/command.ts";
import { LabCluster } from "../test/kit/lab-cluster.ts";
import type { LabHost } from "../test/kit/lab-host.ts";
import { layMiniPool } from "../test/kit/mini-pool.ts";
import { count, smoke } from "./counts.ts";
import { atEnd } from "./ending.ts";
import { quantile } from "./stats.ts";
import type { Line, Table } from "./table.ts";

const ROUNDS = count("MOVE_ROUNDS", 3, 1);
const SIZES_MB = smoke ? [16] : [16, 256, 1024];
const NAME = "bench";
const NODE = `${NAME}/host-0`;
const SIZE = { cpu: 1, memory: 128, disk: 1536 };
const RSYNC_PORT = 8730;
/** What a process in the node writes while it is moved: 16 KiB, 64 times a second. */
const WRITER = "while :; do dd if=/dev/urandom bs=16k count=1 >>/root/log 2>/dev/null; usleep 15625; done";

/** Seconds. */
interface Took {
  total: number;
  stopped: number;
}

/** A running node goes to another host, beside what an administrator would do by hand; in turns, in one run. */
export async function* bench(): AsyncGenerator<Table> {
  await command(["rsync", "--version"]);
  if (process.env.DOCKLET_BENCH_SOURCE === "1") process.env.DOCKLET_TEST_SOURCE = "1";
  const cloud = await LabCluster.up(["one", "two"], { CLUSTER_NET: "10.205.0.0/16", CPU_OVERCOMMIT: 20 }, layMiniPool);
  const end = atEnd(() => cloud.down());
  try {
    await cloud.create({ name: NAME, image: "mini", nodes: 2, size: SIZE });
    const lines: Line[] = [];
    for (const mb of SIZES_MB) {
      await cloud.shell(NODE, `rm -f /root/log; dd if=/dev/urandom of=/root/data bs=1M count=${mb} 2>/dev/null; sync`);
      const ours: Took[] = [];
      const theirs: Took[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        theirs.push(await byHand(cloud));
        ours.push(await moved(cloud));
      }
      lines.push(
        line(`by hand: stop, rsync -aHAX, start; ${mb} MB`, theirs),
        line(`docklet vcluster move; ${mb} MB`, ours),
      );
    }
    yield {
      title: "A running node moves to another host",
      columns: ["n", "stopped p50 s", "stopped worst s", "in all p50 s"],
      lines,
      notes: [
        "A node of `mini` with so much random data on its disk, between two lab hosts that share the cores and the disk of one machine; while it moves, a process in it writes 1 MB/s.",
        "Stopped: the longest time without an answer to a ping from another node, every 10 ms. By hand: from the order to stop to the end of the start, with rsync's own protocol (no encryption, no checksums of what arrived) from pool to pool; where the node then starts is its old host, which takes the same time.",
        "docklet's bytes go through the master over TLS, are checked by digest, written to a file and then received; all of that before the node stops, but for the last difference.",
      ],
    };
  } finally {
    await end();
  }
}

const line = (what: string, all: Took[]): Line => {
  const stopped = all.map((t) => t.stopped);
  const totals = all.map((t) => t.total);
  return { what, cells: [all.length, quantile(stopped, 0.5), Math.max(...stopped), quantile(totals, 0.5)] };
};

async function moved(cloud: LabCluster): Promise<Took> {
  await cloud.shell(NODE, `nohup sh -c '${WRITER}' >/dev/null 2>&1 &`);
  const silence = await watch(cloud);
  const began = performance.now();
  await cloud.done(
    await cloud.first.root.moveVcluster({
      params: { name: NAME },
      body: { nodes: ["host-0"], ...(await free(cloud)) },
    }),
    600_000,
  );
  const total = (performance.now() - began) / 1000;
  return { total, stopped: await silence() };
}

/** What people do without it: the node stays down from the first byte to the last. */
async function byHand(cloud: LabCluster): Promise<Took> {
  const { host, instance, other } = await place(cloud, "host-0");
  const server = await rsyncServer(other);
  const began = performance.now();
  try {
    const vc = { params: { name: NAME } };
    await cloud.shell(NODE, "sync");
    await cloud.done(await cloud.first.root.stopVcluster(vc));
    const from = join(host.layout.disk(instance), "upper/");
    const to = `rsync://${other.address}:${RSYNC_PORT}/in/`;
    await host.run("rsync", "-aHAX", "--numeric-ids", from, to);
    await cloud.done(await cloud.first.root.startVcluster(vc));
    const total = (performance.now() - began) / 1000;
    return { total, stopped: total };
  } finally {
    server.kill();
    await server.exited;
    await other.run("rm", "-rf", arrivals(other));
  }
}

async function free(cloud: LabCluster): Promise<{ to: string }> {
  return { to: (await place(cloud, "host-0")).other.name };
}

async function place(cloud: LabCluster, node: string): Promise<{ host: LabHost; other: LabHost; instance: string }> {
  const vc = await cloud.first.root.vcluster({ params: { name: NAME } });
  const found = vc.nodes.find((n) => n.name === node)!;
  const host = cloud.lab.host(found.host!);
  const other = cloud.lab.hosts.find((h) => h !== host)!;
  const db = new Database(join(host.prefix, "local/worker.db"), { readonly: true });
  try {
    const row = db.query("SELECT id FROM instances WHERE node = ?").get(found.id) as { id: string };
    return { host, other, instance: row.id };
  } finally {
    db.close();
  }
}

/** Pings host-0 from host-1. The function that it returns waits for one more answer and tells the longest silence, in seconds. */
async function watch(cloud: LabCluster): Promise<() => Promise<number>> {
  const { host, instance } = await place(cloud, "host-1");
  const vc = await cloud.first.root.vcluster({ params: { name: NAME } });
  const net = `--net=/proc/${host.initPid(instance)}/ns/net`;
  const argv = ["nsenter", net, "--", "ping", "-n", "-i", "0.01", vc.nodes[0]!.address!];
  const child = Bun.spawn(argv, { stdout: "pipe", stderr: "ignore" });
  const heard = { last: performance.now(), longest: 0 };
  const listening = (async () => {
    for await (const chunk of child.stdout) {
      if (!/\d bytes from/.test(new TextDecoder().decode(chunk))) continue;
      const now = performance.now();
      heard.longest = Math.max(heard.longest, now - heard.last);
      heard.last = now;
    }
  })();
  return async () => {
    const asked = performance.now();
    await until("an answer from the node", () => heard.last > asked, { timeoutMs: 60_000, firstMs: 5, maxMs: 5 });
    child.kill("SIGINT");
    await listening;
    return heard.longest / 1000;
  };
}

const arrivals = (host: LabHost) => join(host.layout.pool, "by-hand");

async function rsyncServer(host: LabHost): Promise<Bun.Subprocess> {
  const config = join(host.prefix, "rsyncd.conf");
  await host.run("mkdir", "-p", arrivals(host));
  writeFileSync(config, `use chroot = no\nuid = 0\ngid = 0\n[in]\npath = ${arrivals(host)}\nread only = no\n`);
  const argv = ["rsync", "--daemon", "--no-detach", `--config=${config}`, `--port=${RSYNC_PORT}`];
  const child = Bun.spawn(host.enter(...argv), { stdout: "ignore", stderr: "ignore" });
  await until("rsync to listen", async () => (await host.run("ss", "-Hltn")).includes(`:${RSYNC_PORT} `), {
    timeoutMs: 10_000,
  });
  return child;
}
