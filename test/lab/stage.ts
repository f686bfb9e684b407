import { Database } from "bun:sqlite";
import { join } from "node:path";
import type { Owner } from "../../src/contracts/master.ts";
import type { NodeSize, Vcluster } from "../../src/contracts/public/index.ts";
import { shortId } from "../../src/lib/ids.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { until } from "../../src/lib/retry.ts";
import { createMaster, type Master } from "../../src/master/master.ts";
import { listAssets, readAsset } from "../../src/os/assets.ts";
import { systemClock } from "../../src/os/clock.ts";
import { loadMigrations } from "../../src/store/migrate.ts";
import { Store } from "../../src/store/store.ts";
import { gatewayMac } from "../../src/worker/network/bridges.ts";
import { Lab } from "../kit/lab.ts";
import type { LabHost } from "../kit/lab-host.ts";
import { LabWorker } from "../kit/lab-worker.ts";
import { diff, settle, snapshot } from "../kit/leaks.ts";
import { layMiniPool, POOL_MIB } from "../kit/mini-pool.ts";

/** Hosts, workers and nodes come up in seconds; on a busy machine in many of them. */
export const SETUP_MS = 240_000;
export const TEST_MS = 120_000;
export const SMALL: NodeSize = { cpu: 1, memory: 128, disk: 256 };
const CAUSE = { actor: "lab", requestId: "lab" };

/** A running node, as this machine sees it. */
export interface Node {
  id: string;
  name: string;
  vcluster: string;
  host: LabHost;
  address: string;
  mac: string;
  gateway: { address: string; mac: string };
  vni: number;
  /** Of its init, on this machine. */
  pid: number;
}

export interface Answer {
  code: number;
  out: string;
}

/** Lab hosts with workers, and one master in this process that rules them. Nobody has joined anything: no trust is tested here. */
export class Stage {
  readonly workers = new Map<string, LabWorker>();
  readonly clusterNet = `10.${180 + Math.floor(Math.random() * 20)}.0.0/16`;
  readonly #before: ReturnType<typeof snapshot>;
  #store: Store | null = null;
  master!: Master;

  private constructor(
    readonly lab: Lab,
    before: ReturnType<typeof snapshot>,
  ) {
    this.#before = before;
  }

  /** `workers`: those of the hosts that have one. */
  static async set(hosts: string[], workers: string[]): Promise<Stage> {
    const before = snapshot();
    const stage = new Stage(await Lab.open(hosts), before);
    try {
      await Promise.all(workers.map((name) => stage.#addWorker(stage.lab.host(name))));
      await stage.rule(null);
      return stage;
    } catch (e) {
      await stage.strike();
      throw e;
    }
  }

  /** A master over what is written down takes over. `gateway`: the host that is the gateway of all nodes. */
  async rule(gateway: string | null): Promise<void> {
    await this.master?.stop();
    this.#store ??= Store.open(
      join(this.lab.folder, "master.db"),
      loadMigrations(listAssets("migrations/master"), (f) => readAsset(`migrations/master/${f}`)),
    );
    const config = {
      CLUSTER_NET: this.clusterNet,
      CPU_OVERCOMMIT: 100,
      MEMORY_OVERCOMMIT: 1,
      DISK_OVERCOMMIT: 100,
      MEMORY_RESERVE: 0,
    };
    this.master = createMaster({
      store: this.#store,
      clock: systemClock,
      log: silentLogger,
      config,
      gatewayHost: gateway,
    });
    await this.master.start();
    for (const [name, worker] of this.workers) this.master.attachWorker(name, worker.api);
    const ready = async () => (await this.master.api.hosts()).every((h) => h.state === "ready");
    await until("all hosts to be ready", ready, { timeoutMs: 30_000 });
  }

  async create(owner: Owner, name: string, nodes: number): Promise<Vcluster> {
    const id = shortId();
    const { operation } = await this.master.api.create({
      ...CAUSE,
      id,
      owner,
      name,
      image: "mini",
      nodes,
      size: SMALL,
    });
    return this.#ended(id, operation.id);
  }

  async scale(vcluster: string, nodes: number): Promise<Vcluster> {
    const operation = await this.master.api.scale({ ...CAUSE, id: vcluster, nodes, size: SMALL });
    return this.#ended(vcluster, operation.id);
  }

  async remove(vcluster: string): Promise<void> {
    const operation = await this.master.api.remove({ ...CAUSE, id: vcluster });
    await this.#end(operation.id);
  }

  async nodes(vcluster: string): Promise<Node[]> {
    const vc = (await this.master.api.vcluster(vcluster))!;
    return vc.nodes.map((n) => {
      const host = this.lab.host(n.host!);
      const worker = this.workers.get(host.name)!;
      const order = worker.orders.findLast((o) => o.id === vcluster)!;
      const { gateway, vni } = order.network;
      return {
        id: n.id,
        name: n.name,
        vcluster,
        host,
        address: n.address!,
        mac: order.nodes.find((x) => x.id === n.id)!.mac,
        gateway: { address: gateway, mac: gatewayMac(gateway) },
        vni,
        pid: host.initPid(instanceOf(host, n.id)),
      };
    });
  }

  /** Ends everything; throws when something of this stage is still in the kernel. */
  async strike(): Promise<void> {
    await this.master?.stop();
    this.#store?.close();
    for (const w of this.workers.values()) await w.cleanup();
    const marks = [this.lab.folder, ...this.lab.marks];
    await this.lab.close();
    const ours = (l: string) => l.startsWith("+") && marks.some((m) => l.includes(m));
    if (!diff(this.#before, snapshot()).some(ours)) return;
    const left = (await settle(this.#before)).filter(ours);
    if (left.length > 0) throw new Error(`left behind:\n${left.join("\n")}`);
  }

  async #addWorker(host: LabHost): Promise<void> {
    await layMiniPool(host.prefix);
    const { name, prefix, tag } = host;
    const facts = { name, prefix, tag, clusterNet: this.clusterNet, poolMiB: POOL_MIB, device: "eth0" };
    const worker = new LabWorker(facts, (...argv) => host.enter(...argv));
    this.workers.set(name, worker);
    await worker.up();
  }

  async #ended(vcluster: string, operation: string): Promise<Vcluster> {
    await this.#end(operation);
    return (await this.master.api.vcluster(vcluster))!;
  }

  async #end(operation: string): Promise<void> {
    const op = await until(
      "the operation to end",
      async () => {
        const now = await this.master.api.operation(operation);
        return now?.endedAt ? now : null;
      },
      { timeoutMs: 60_000, firstMs: 5, maxMs: 50 },
    );
    if (op.state !== "done") throw new Error(`${op.kind} ${op.object}: ${JSON.stringify(op.error)}`);
  }
}

export const owner = (name: string): Owner => ({
  id: `${name}aaaaaa`.slice(0, 6),
  name,
  home: 256,
  authorizedKeys: [],
});

/** A shell script as root of a node. */
export const sh = (node: Node, script: string): Promise<Answer> =>
  run(["nsenter", "-t", String(node.pid), "-a", "--", "sh", "-c", script]);

/** One of the machine's own tools in a node's network: what its root could do with a tool of their own. */
export const onItsNetwork = (node: Node, ...argv: string[]): string[] => [
  "nsenter",
  `--net=/proc/${node.pid}/ns/net`,
  "--",
  ...argv,
];

export async function run(argv: string[]): Promise<Answer> {
  const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root" };
  const child = Bun.spawn(argv, { stdin: "ignore", stdout: "pipe", stderr: "pipe", env });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out: `${out}${err}` };
}

function instanceOf(host: LabHost, node: string): string {
  const db = new Database(join(host.prefix, "local/worker.db"), { readonly: true });
  try {
    const row = db.query("SELECT id FROM instances WHERE node = ?").get(node) as { id: string } | null;
    if (!row) throw new Error(`host ${host.name} has no container of node ${node}`);
    return row.id;
  } finally {
    db.close();
  }
}
