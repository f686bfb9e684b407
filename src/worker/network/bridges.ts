import { KeyedMutex } from "../../lib/mutex.ts";
import { ipBatch, links } from "../../os/ip.ts";
import { answerOwnAddressOnly, disableIpv6 } from "../../os/sysctl.ts";
import type { Layout } from "../layout.ts";

export interface BridgeFacts {
  vcluster: string;
  /** "172.16.0.0/26" */
  subnet: string;
  gateway: string;
}

const prefix = (subnet: string) => subnet.split("/")[1];

/** MAC of a gateway: 06:d0 and the address. Different from every node's (02:…), the same on every host. */
export function gatewayMac(address: string): string {
  return ["06", "d0", ...address.split(".").map((n) => Number(n).toString(16).padStart(2, "0"))].join(":");
}

/** The bridges of the vclusters that have a node here. */
export class Bridges {
  /** vcluster → gateway address as it is on the bridge; "" for a bridge from an earlier life of docklet. */
  readonly #present = new Map<string, string>();
  readonly #mutex = new KeyedMutex<string>();

  constructor(private readonly layout: Layout) {}

  /** Learns what is there already: after a restart of docklet the bridges still carry traffic. */
  async load(): Promise<string[]> {
    const stem = this.layout.bridge("");
    const found = (await links()).map((l) => l.ifname).filter((n) => n.startsWith(stem));
    for (const name of found) this.#present.set(name.slice(stem.length), "");
    return [...this.#present.keys()];
  }

  /** Makes or widens the bridge if needed, and runs `then` (lines of `ip -batch`) in the same process. */
  async join(facts: BridgeFacts, then: string[]): Promise<void> {
    const want = `${facts.gateway}/${prefix(facts.subnet)}`;
    if (this.#present.get(facts.vcluster) === want && !this.#mutex.busy(facts.vcluster)) return ipBatch(then);
    await this.#mutex.run(facts.vcluster, async () => {
      const known = this.#present.get(facts.vcluster);
      if (known === want) return ipBatch(then);
      const br = this.layout.bridge(facts.vcluster);
      const make = known === undefined;
      try {
        await ipBatch([
          ...(make
            ? [`link add ${br} address ${gatewayMac(facts.gateway)} type bridge forward_delay 0 stp_state 0`]
            : []),
          `addr replace ${want} dev ${br} noprefixroute`,
          `link set ${br} up`,
          // quickack saves two delayed acknowledgements of 40 ms in every ssh login.
          `route replace ${facts.subnet} dev ${br} src ${facts.gateway} quickack 1`,
          ...then,
        ]);
      } catch (e) {
        // Half made it would be in the way of the next try, which makes it too.
        if (make) await ipBatch([`link del ${br}`], { force: true });
        throw e;
      }
      disableIpv6(br);
      answerOwnAddressOnly(br);
      this.#present.set(facts.vcluster, want);
    });
  }

  remove(vcluster: string): Promise<void> {
    return this.#mutex.run(vcluster, async () => {
      this.#present.delete(vcluster);
      await ipBatch([`link del ${this.layout.bridge(vcluster)}`], { force: true });
    });
  }
}
