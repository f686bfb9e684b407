import type { Member, VclusterOrder } from "../../contracts/worker.ts";
import { nft, nftSets } from "../../os/firewall.ts";
import {
  bridgeBatch,
  type ForwardingEntry,
  forwardingEntries,
  ipBatch,
  type Neighbour,
  permanentNeighbours,
  vxlans,
} from "../../os/ip.ts";
import type { Layout } from "../layout.ts";
import { table } from "./firewall.ts";
import { changes, elementChanges, type Tunnel, tunnelOf } from "./tunnel.ts";

/**
 * This host's ends of the tunnels: one VXLAN device for each vcluster that has nodes elsewhere, on the vcluster's bridge.
 * Who is behind it is written down from the master's order; nothing is learned from packets.
 */
export class Tunnels {
  readonly #have = new Map<string, Tunnel>();

  constructor(
    private readonly layout: Layout,
    /** Address of this host in the network that joins the hosts. */
    private local: string,
  ) {}

  /** Learns what is there already: a restart of docklet must not cut anybody's connections. */
  async load(): Promise<void> {
    const { layout } = this;
    const stem = layout.tunnel("");
    const devices = (await vxlans()).filter((v) => v.ifname.startsWith(stem));
    const [entries, neighbours, elements] = await Promise.all([
      forwardingEntries(),
      permanentNeighbours(),
      this.#elements(),
    ]);
    for (const d of devices) {
      const { id, local } = d.linkinfo.info_data;
      const vcluster = d.ifname.slice(stem.length);
      const bridge = d.master ?? "";
      const own = elements.filter((e) => e.includes(` "${d.ifname}" `) || ofVni(e, id));
      this.#have.set(vcluster, {
        device: d.ifname,
        bridge,
        // A device that is on no bridge was being made when docklet ended: it is made anew.
        vni: bridge === layout.bridge(vcluster) ? id : -1,
        local: local ?? "",
        mtu: d.mtu,
        far: farOf(d.ifname, entries, neighbours),
        elements: own,
      });
    }
    const held = new Set([...this.#have.values()].flatMap((t) => t.elements));
    await this.#drop(elements.filter((e) => !held.has(e)));
  }

  /** What the firewall's sets hold, of tunnels that are there and of such that are not. */
  async #elements(): Promise<string[]> {
    const [bridge, inet] = await Promise.all([
      nftSets("bridge", table(this.layout.tag)),
      nftSets("inet", table(this.layout.tag)),
    ]);
    return [
      ...["remote", "routers", "gates"].flatMap((set) =>
        (bridge[set] ?? []).map(([device, ...rest]) => `bridge ${set} ${[`"${device}"`, ...rest].join(" . ")}`),
      ),
      ...["peers", "vnis"].flatMap((set) =>
        (inet[set] ?? []).map(([vni, ...rest]) => `inet ${set} ${[Number(vni), ...rest].join(" . ")}`),
      ),
    ];
  }

  get vclusters(): string[] {
    return [...this.#have.keys()];
  }

  /** This host has another address now. Each tunnel is made anew when its order is next applied. */
  moved(local: string): void {
    this.local = local;
  }

  /** The caller has seen to it that the bridge is there, and that nobody else works on this vcluster. */
  async apply(order: VclusterOrder): Promise<void> {
    await this.#change(order.id, tunnelOf(this.layout, order, this.local));
  }

  async remove(vcluster: string): Promise<void> {
    await this.#change(vcluster, null);
  }

  async #change(vcluster: string, want: Tunnel | null): Promise<void> {
    const have = this.#have.get(vcluster) ?? null;
    const todo = changes(table(this.layout.tag), have, want);
    try {
      await Promise.all([
        todo.nft.length > 0 ? nft(`${todo.nft.join("\n")}\n`) : undefined,
        ipBatch(todo.ip).then(() => bridgeBatch(todo.bridge)),
      ]);
    } catch (e) {
      // Half of it may be there. From scratch then, the next time; what the firewall may have is remembered.
      const elements = [...new Set([...(have?.elements ?? []), ...(want?.elements ?? [])])];
      const device = this.layout.tunnel(vcluster);
      await ipBatch([`link del ${device}`], { force: true });
      await this.#drop(elements);
      this.#have.delete(vcluster);
      throw e;
    }
    if (want) this.#have.set(vcluster, want);
    else this.#have.delete(vcluster);
  }

  async #drop(elements: string[]): Promise<void> {
    const lines = elementChanges(table(this.layout.tag), elements, []);
    if (lines.length > 0) await nft(`${lines.join("\n")}\n`);
  }
}

/** Members that are wholly written down, in the device's table, in the bridge's and as a neighbour. */
function farOf(device: string, entries: ForwardingEntry[], neighbours: Neighbour[]): Member[] {
  const mine = entries.filter((e) => e.ifname === device);
  return mine.flatMap(({ mac, dst: host }) => {
    const address = neighbours.find((n) => n.dev === device && n.lladdr === mac)?.dst;
    const onBridge = mine.some((x) => x.mac === mac && x.master !== undefined && x.state === "static");
    return host && address && onBridge ? [{ mac, address, host }] : [];
  });
}

const ofVni = (element: string, vni: number) =>
  element === `inet vnis ${vni}` || element.startsWith(`inet peers ${vni} . `);
