import { addresses, ipBatch, links } from "../../os/ip.ts";
import { answerOwnAddressOnly, disableIpv6 } from "../../os/sysctl.ts";
import type { Layout } from "../layout.ts";
import { DOOR } from "./firewall.ts";

export interface BridgeFacts {
  vcluster: string;
  /** "172.16.0.0/26" */
  subnet: string;
  gateway: string;
  mtu: number;
  /** The gateway is on another host: here the bridge has only a door for this host itself. */
  elsewhere: boolean;
}

const prefix = (subnet: string) => subnet.split("/")[1];

/** MAC of a gateway: 06:d0 and the address. Different from every node's (02:…), the same on every host. */
export function gatewayMac(address: string): string {
  return ["06", "d0", ...address.split(".").map((n) => Number(n).toString(16).padStart(2, "0"))].join(":");
}

/** The bridges of the vclusters that have a node here. One caller at a time for each vcluster. */
export class Bridges {
  /** vcluster → what is on its bridge; what an earlier life of docklet left has only addresses. */
  readonly #present = new Map<string, { addresses: string[]; want: string }>();

  constructor(private readonly layout: Layout) {}

  /** Learns what is there already: after a restart of docklet the bridges still carry traffic. */
  async load(): Promise<string[]> {
    const stem = this.layout.bridge("");
    const found = (await links()).map((l) => l.ifname).filter((n) => n.startsWith(stem));
    const all = await addresses();
    for (const name of found) {
      const own = all.find((a) => a.ifname === name)?.addr_info.filter((i) => i.family === "inet") ?? [];
      this.#present.set(name.slice(stem.length), { addresses: own.map((i) => i.local), want: "" });
    }
    return [...this.#present.keys()];
  }

  has(vcluster: string): boolean {
    return this.#present.has(vcluster);
  }

  /** Makes or changes the bridge if needed, and runs `then` (lines of `ip -batch`) in the same process. */
  async join(facts: BridgeFacts, then: string[]): Promise<void> {
    const { gateway, subnet, mtu, elsewhere } = facts;
    const [address, mac] = elsewhere ? [DOOR.address, DOOR.mac] : [gateway, gatewayMac(gateway)];
    const known = this.#present.get(facts.vcluster);
    const want = `${address} ${subnet} ${mtu}`;
    if (known?.want === want) return ipBatch(then);
    const br = this.layout.bridge(facts.vcluster);
    const lines = [
      known
        ? `link set ${br} mtu ${mtu} address ${mac}`
        : `link add ${br} mtu ${mtu} address ${mac} type bridge forward_delay 0 stp_state 0`,
      // The gateway came here, or went to another host.
      ...(known?.addresses.some((a) => a !== address) ? [`addr flush dev ${br}`] : []),
      `addr replace ${address}/${elsewhere ? 32 : prefix(subnet)} dev ${br} noprefixroute`,
      `link set ${br} up`,
      // quickack saves two delayed acknowledgements of 40 ms in every ssh login.
      `route replace ${subnet} dev ${br} src ${address} quickack 1`,
      ...then,
    ];
    try {
      await ipBatch(lines);
    } catch (e) {
      // Half made it would be in the way of the next try, which makes it too.
      if (!known) await ipBatch([`link del ${br}`], { force: true });
      throw e;
    }
    disableIpv6(br);
    answerOwnAddressOnly(br);
    this.#present.set(facts.vcluster, { addresses: [address], want });
  }

  async remove(vcluster: string): Promise<void> {
    this.#present.delete(vcluster);
    await ipBatch([`link del ${this.layout.bridge(vcluster)}`], { force: true });
  }
}
