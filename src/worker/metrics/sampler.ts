import type { Sample } from "../../contracts/public/index.ts";
import { Ring } from "../../lib/ring.ts";
import type { Cgroups } from "../../os/cgroup/cgroup.ts";
import type { Clock } from "../../os/clock.ts";
import type { Store } from "../../store/store.ts";
import type { Layout } from "../layout.ts";
import type { Instance } from "../nodes/instances.ts";

export const SAMPLE_MS = 5_000;
const HOUR_MS = 3_600_000;
/** Quota figures need a command for the whole pool, so they are asked for less often. */
const DISK_EVERY = 6;
/** Samples reach the disk in batches: metrics may lose half a minute in a crash. */
const FLUSH_EVERY = 6;

interface Counters {
  at: number;
  cpu: number;
  rx: number;
  tx: number;
}

/** Measures every node's use, every five seconds, from files of the kernel: no process per node. */
export class Sampler {
  readonly #history = new Map<string, Ring<Sample>>();
  readonly #last = new Map<string, Counters>();
  readonly #unsaved: { node: string; sample: Sample }[] = [];
  #disk = new Map<string, number>();
  #turn = 0;

  constructor(
    private readonly parts: {
      layout: Layout;
      cgroups: Cgroups;
      clock: Clock;
      store: Store;
      /** Bytes that a link of the host has received and sent. */
      bytes: (ifname: string) => [received: number, sent: number];
      /** Bytes in use per subvolume of the pool. */
      disk: () => Promise<Map<string, number>>;
      emit: (i: Instance, sample: Sample) => void;
    },
  ) {
    const since = parts.clock.now() - HOUR_MS;
    for (const row of parts.store.all<{ node: string; body: string }>(
      "SELECT node, body FROM samples WHERE at > $since ORDER BY at",
      { since },
    )) {
      this.#ring(row.node).push(JSON.parse(row.body) as Sample);
    }
  }

  history(node: string): Sample[] {
    const since = this.parts.clock.now() - HOUR_MS;
    return (
      this.#history
        .get(node)
        ?.toArray()
        .filter((s) => s.at > since) ?? []
    );
  }

  /** One round over the running nodes. */
  async sample(nodes: Instance[]): Promise<void> {
    if (this.#turn++ % DISK_EVERY === 0) this.#disk = await this.parts.disk();
    const running = new Set(nodes.map((i) => i.id));
    for (const id of this.#last.keys()) if (!running.has(id)) this.#last.delete(id);
    for (const i of nodes) {
      const sample = this.#measure(i);
      if (!sample) continue;
      this.#ring(i.node!).push(sample);
      this.#unsaved.push({ node: i.node!, sample });
      this.parts.emit(i, sample);
    }
    if (this.#turn % FLUSH_EVERY === 0) this.flush();
  }

  flush(): void {
    const batch = this.#unsaved.splice(0);
    const old = this.parts.clock.now() - HOUR_MS;
    // Nodes that ended or are gone leave with their last hour.
    for (const [node, ring] of this.#history) if ((ring.last?.at ?? 0) <= old) this.#history.delete(node);
    this.parts.store.write((tx) => {
      for (const { node, sample } of batch)
        tx.run("INSERT OR REPLACE INTO samples VALUES ($node, $at, $body)", {
          node,
          at: sample.at,
          body: JSON.stringify(sample),
        });
      tx.run("DELETE FROM samples WHERE at <= $old", { old });
    });
  }

  #measure(i: Instance): Sample | null {
    let use: ReturnType<Cgroups["use"]>;
    let rx: number;
    let tx: number;
    try {
      use = this.parts.cgroups.use(this.parts.layout.cgroup(i.id));
      // What the host end sends, the node receives.
      [tx, rx] = this.parts.bytes(this.parts.layout.veth(i.id));
    } catch {
      // It ended between the list and the look.
      this.#last.delete(i.id);
      return null;
    }
    const now = { at: this.parts.clock.now(), cpu: use.cpu, rx, tx };
    const before = this.#last.get(i.id);
    this.#last.set(i.id, now);
    if (!before || now.at <= before.at) return null;
    const seconds = (now.at - before.at) / 1000;
    return {
      at: now.at,
      cpu: Math.max(0, (now.cpu - before.cpu) / 1e9 / seconds),
      memory: use.memory,
      disk: this.#disk.get(`nodes/${i.id}`) ?? 0,
      rx: Math.max(0, (rx - before.rx) / seconds),
      tx: Math.max(0, (tx - before.tx) / seconds),
      pids: use.pids,
    };
  }

  #ring(node: string): Ring<Sample> {
    let ring = this.#history.get(node);
    if (!ring) {
      ring = new Ring<Sample>(HOUR_MS / SAMPLE_MS);
      this.#history.set(node, ring);
    }
    return ring;
  }
}
