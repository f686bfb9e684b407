import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client, Host, Vcluster } from "../src/contracts/public/index.ts";
import { until } from "../src/lib/retry.ts";
import { TestDocklet } from "../test/kit/docklet.ts";
import type { FleetOptions } from "../test/sim/fleet.ts";
import { atEnd } from "./ending.ts";

const QUOTA = { cpu: 100_000, memory: 100_000_000, disk: 1_000_000_000, nodes: 100_000, vclusters: 10_000 };
const TICKS_PER_SECOND = 100;
/** As real workers do. */
const SAMPLE_MS = 5_000;

export interface Counts {
  orders: number;
  changes: number;
  nodes: number;
  connected: number;
}

/** Some of the simulated hosts, in one process. */
class Rack {
  readonly #lines: AsyncGenerator<string>;

  constructor(
    readonly size: number,
    readonly child: Bun.Subprocess<"pipe", "pipe", "inherit">,
  ) {
    this.#lines = lines(child.stdout);
  }

  async joined(): Promise<void> {
    const { value } = await this.#lines.next();
    if (value !== "joined") throw new Error(`hosts did not join: ${value}`);
  }

  async counts(): Promise<Counts> {
    this.child.stdin.write("\n");
    this.child.stdin.flush();
    return JSON.parse((await this.#lines.next()).value as string) as Counts;
  }
}

export interface Person {
  api: Client;
  token: string;
}

/** The control process of a data centre, as it is shipped, and simulated hosts in processes beside it. */
export class ScaleLab {
  readonly racks: Rack[] = [];
  readonly people: Person[] = [];
  admin!: Person;

  private constructor(
    readonly docklet: TestDocklet,
    readonly close: () => Promise<void>,
  ) {}

  static async open(people: number): Promise<ScaleLab> {
    const docklet = await TestDocklet.start({
      source: process.env.DOCKLET_BENCH_SOURCE === "1",
      roles: "supermaster,master",
      settings: { CLUSTER_NET: "10.64.0.0/10", LOG_LEVEL: "INFO", WARM_NODES: "" },
    });
    const lab: ScaleLab = new ScaleLab(
      docklet,
      atEnd(async () => {
        for (const { child } of lab.racks) {
          child.kill("SIGKILL");
          await child.exited;
        }
        await docklet.destroy();
      }),
    );
    const { items } = await docklet.root.groups();
    for (const { name } of items) await docklet.root.patchGroup({ params: { name }, body: { quota: QUOTA } });
    for (let i = 0; i < people; i++) lab.people.push(await docklet.person(`p${i}`));
    const { secret } = await docklet.root.createToken({ body: { name: "bench", scopes: ["read", "write", "admin"] } });
    lab.admin = { api: docklet.as(secret), token: secret };
    return lab;
  }

  /** Hosts in processes of these sizes. Resolves when the portal shows them ready. */
  async join(sizes: number[]): Promise<void> {
    const uses = sizes.reduce((a, b) => a + b);
    const { text: token } = await this.docklet.root.createJoinToken({ body: { role: "worker", uses } });
    let first = 0;
    for (const hosts of sizes) {
      const options: FleetOptions & { token: string } = {
        folder: join(this.docklet.prefix, "hosts"),
        master: { host: "127.0.0.1", port: Number(this.docklet.settings.MASTER_PORT) },
        hosts,
        first,
        sampleMs: SAMPLE_MS,
        token,
      };
      first += hosts;
      const argv = [process.execPath, join(import.meta.dir, "scale-hosts.ts"), JSON.stringify(options)];
      this.racks.push(new Rack(hosts, Bun.spawn(argv, { stdin: "pipe", stdout: "pipe", stderr: "inherit" })));
    }
    await Promise.all(this.racks.map((r) => r.joined()));
    await this.hostsAre("ready", first);
  }

  async hostsAre(state: Host["state"], n: number): Promise<void> {
    const count = async () => (await this.admin.api.hosts()).items.filter((h) => h.state === state).length;
    const now = () => count().catch(() => -1);
    await until(`${n} hosts are ${state}`, async () => (await now()) === n, { timeoutMs: 120_000, maxMs: 50 });
  }

  /** Everything that was begun has ended. */
  async rest(): Promise<void> {
    const busy = async () => (await this.admin.api.operations({ query: { active: true, limit: 1 } })).items;
    await until("operations end", async () => (await busy()).length === 0, { timeoutMs: 120_000, maxMs: 50 });
  }

  async counts(): Promise<Counts> {
    const all = await Promise.all(this.racks.map((r) => r.counts()));
    const sum = (of: (c: Counts) => number) => all.reduce((n, c) => n + of(c), 0);
    return {
      orders: sum((c) => c.orders),
      changes: sum((c) => c.changes),
      nodes: sum((c) => c.nodes),
      connected: sum((c) => c.connected),
    };
  }

  /** Every host has its orders: none has come for a second. Resolves to the moment of the last one. */
  async reconciled(): Promise<number> {
    let [seen, at] = [-1, performance.now()];
    for (;;) {
      const { orders } = await this.counts();
      const now = performance.now();
      if (orders !== seen) [seen, at] = [orders, now];
      else if (now - at > 1000) return at;
      await Bun.sleep(20);
    }
  }

  create(person: Person, name: string, nodes: number): Promise<{ vcluster: Vcluster }> {
    const size = { cpu: 0.5, memory: 256, disk: 512 };
    return person.api.createVcluster({ body: { name, nodes, image: "mini", size } });
  }

  /** Use of the control process over so many seconds: cpu in percent of one core, resident memory in MB. */
  async usage(seconds: number): Promise<{ cpu: number; rss: number }> {
    const { pid } = this.docklet;
    const ticks = () => {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
      return Number(fields[11]) + Number(fields[12]);
    };
    const [before, at] = [ticks(), performance.now()];
    await Bun.sleep(seconds * 1000);
    const cpu = ((ticks() - before) / TICKS_PER_SECOND / ((performance.now() - at) / 1000)) * 100;
    const rss = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    return { cpu, rss: (rss * 1024) / 1e6 };
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const whole = text.split("\n");
    text = whole.pop() ?? "";
    yield* whole;
  }
}
