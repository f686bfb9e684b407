import { join } from "node:path";
import type { Beat } from "../../src/lib/channel/heartbeat.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { systemClock } from "../../src/os/clock.ts";
import { IdentityFiles } from "../../src/worker/agent/identity.ts";
import { parseToken } from "../../src/worker/agent/joining.ts";
import type { MasterAddress } from "../../src/worker/agent/master-connection.ts";
import { Uplink, type UplinkPace } from "../../src/worker/agent/uplink.ts";
import { SimHost } from "./host.ts";

export interface FleetOptions {
  /** Where the hosts keep their identities. */
  folder: string;
  master: MasterAddress;
  hosts: number;
  /** Number of the first host; more than one process can have a part of them. */
  first?: number;
  sampleMs?: number;
  stepMs?: number;
  beat?: Beat;
  pace?: Partial<UplinkPace>;
}

/** Hosts on one network that is nobody's, and no node's either. */
const addressOf = (i: number) => `198.18.${Math.floor(i / 250)}.${(i % 250) + 1}`;

/** Simulated hosts that join a real master over TLS, stay connected and come back, each with an uplink of its own. */
export class Fleet {
  readonly hosts: SimHost[];
  readonly #uplinks = new Map<SimHost, Uplink>();

  constructor(readonly options: FleetOptions) {
    const { hosts, first = 0, sampleMs = 0, stepMs } = options;
    this.hosts = Array.from({ length: hosts }, (_, i) => {
      const name = `sim-${String(first + i).padStart(3, "0")}`;
      const more = stepMs === undefined ? {} : { stepMs };
      return new SimHost({ name, address: addressOf(first + i), sampleMs, ...more }, i / hosts);
    });
  }

  /** Connects these hosts; those that have not joined yet do so with the token. */
  async connect(token: string | null, hosts: SimHost[] = this.hosts): Promise<void> {
    const { folder, master, beat, pace } = this.options;
    await Promise.all(
      hosts.map(async (host) => {
        const files = new IdentityFiles(join(folder, host.name));
        const uplink = new Uplink({
          served: { worker: host, runs: () => true, lease: () => host.lease },
          files,
          master,
          token: files.read() || token === null ? null : parseToken(token),
          name: host.name,
          version: "0.0.0",
          now: () => systemClock.now(),
          log: silentLogger,
          ...(beat ? { beat } : {}),
          ...(pace ? { pace } : {}),
        });
        this.#uplinks.set(host, uplink);
        await uplink.start();
      }),
    );
  }

  /** Their switch has lost power: the hosts live on, without their master. */
  async disconnect(hosts: SimHost[]): Promise<void> {
    const gone = hosts.map((h) => this.#uplinks.get(h));
    for (const h of hosts) this.#uplinks.delete(h);
    await Promise.all(gone.map((u) => u?.stop()));
  }

  get connected(): number {
    return [...this.#uplinks.values()].filter((u) => u.ready() === null).length;
  }

  /** Of all hosts together. */
  counts(hosts: SimHost[] = this.hosts): { orders: number; changes: number; nodes: number } {
    const sum = (of: (h: SimHost) => number) => hosts.reduce((n, h) => n + of(h), 0);
    return {
      orders: sum((h) => h.counts.orders),
      changes: sum((h) => h.counts.changes),
      nodes: sum((h) => h.nodes.size),
    };
  }

  async stop(): Promise<void> {
    for (const h of this.hosts) h.stop();
    await this.disconnect(this.hosts);
  }
}
