import type { VclusterOrder } from "../../contracts/worker.ts";
import { KeyedMutex } from "../../lib/mutex.ts";
import { ipBatch } from "../../os/ip.ts";
import type { Bridges } from "./bridges.ts";
import type { Tunnels } from "./tunnels.ts";

/** The networks of vclusters on this host: a bridge for its nodes, and tunnels to those on other hosts. */
export class Networks {
  readonly #mutex = new KeyedMutex<string>();
  /** The orders that the kernel is known to agree with. */
  readonly #done = new Map<string, VclusterOrder>();

  constructor(
    private readonly parts: {
      bridges: Bridges;
      tunnels: Tunnels;
      /** The newest order of a vcluster. A node may still be busy with an older one, whose members are not true any more. */
      order: (vcluster: string) => VclusterOrder | undefined;
    },
    private address: string,
  ) {}

  /** Learns what is there already. Returns the vclusters that have something. */
  async load(): Promise<string[]> {
    const { bridges, tunnels } = this.parts;
    const found = await bridges.load();
    await tunnels.load();
    return [...new Set([...found, ...tunnels.vclusters])];
  }

  /** Has this host a part in the network of nodes that are all on others? */
  isGatewayOf(order: VclusterOrder): boolean {
    return order.network.gatewayHost === this.address && order.network.members.length > 0;
  }

  /** The bridge and what is behind it are there, then `then` (lines of `ip -batch`) has run. */
  join(order: VclusterOrder, then: string[]): Promise<void> {
    if (this.#isDone(order.id) && !this.#mutex.busy(order.id)) return ipBatch(then);
    return this.#mutex.run(order.id, () => this.#join(this.parts.order(order.id) ?? order, then));
  }

  /** Brings the network up to the newest order, where it is in use. */
  follow(vcluster: string): Promise<void> {
    return this.#mutex.run(vcluster, async () => {
      const order = this.parts.order(vcluster);
      if (order && !this.#isDone(vcluster) && (this.parts.bridges.has(vcluster) || this.isGatewayOf(order)))
        await this.#join(order, []);
    });
  }

  remove(vcluster: string): Promise<void> {
    return this.#mutex.run(vcluster, async () => {
      this.#done.delete(vcluster);
      await this.parts.tunnels.remove(vcluster);
      await this.parts.bridges.remove(vcluster);
    });
  }

  /** This host has another address now. */
  moved(address: string): void {
    this.address = address;
    this.#done.clear();
    this.parts.tunnels.moved(address);
  }

  #isDone(vcluster: string): boolean {
    const done = this.#done.get(vcluster);
    return done !== undefined && done === this.parts.order(vcluster);
  }

  async #join(order: VclusterOrder, then: string[]): Promise<void> {
    const { subnet, gateway, mtu, gatewayHost } = order.network;
    const elsewhere = gatewayHost !== null && gatewayHost !== this.address;
    await this.parts.bridges.join({ vcluster: order.id, subnet, gateway, mtu, elsewhere }, then);
    await this.parts.tunnels.apply(order);
    this.#done.set(order.id, order);
  }
}
