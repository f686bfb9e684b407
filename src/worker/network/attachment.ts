import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeSpec, VclusterOrder } from "../../contracts/worker.ts";
import { allEnded } from "../../lib/retry.ts";
import { ipBatchIn } from "../../os/ip.ts";
import type { Layout } from "../layout.ts";
import { allowedPorts, allowPort, forgetPort, type Port } from "./firewall.ts";
import type { Networks } from "./networks.ts";

/** Joins an instance to the network of its vcluster, from outside. The hook does the same after a reboot inside the node. */
export class Attachments {
  readonly #ports = new Map<string, Port>();
  readonly #done = new Map<string, string>();

  constructor(
    private readonly layout: Layout,
    private readonly networks: Networks,
  ) {}

  /** Learns which ports are let in already. Those of nobody who is `known` are forgotten. */
  async load(known: string[]): Promise<void> {
    const ids = new Map(known.map((id) => [this.layout.veth(id), id]));
    for (const port of await allowedPorts(this.layout.tag)) {
      const id = ids.get(port.veth);
      if (id === undefined) await forgetPort(this.layout.tag, port);
      else this.#ports.set(id, port);
    }
  }

  /** Plugs a running instance in: the bridge, the anti-spoofing set and the node's own interface, all at once. */
  async plug(id: string, pid: number, spec: NodeSpec, order: VclusterOrder): Promise<void> {
    const { subnet, mtu } = order.network;
    const want = `${pid} ${spec.mac} ${spec.address} ${subnet} ${mtu}`;
    if (this.#done.get(id) === want) return;
    const host = this.#host(this.layout.veth(id), order);
    const guest = this.#guest(spec, order);
    const port = { veth: this.layout.veth(id), mac: spec.mac, address: spec.address };
    const known = this.#ports.get(id);
    const same = known && known.mac === port.mac && known.address === port.address;
    if (known && !same) await forgetPort(this.layout.tag, known);
    // Known before it is let in: whatever fails now, `forget` takes it out again.
    this.#ports.set(id, port);
    await allEnded([
      this.networks.join(order, host),
      ipBatchIn(pid, guest),
      same ? undefined : allowPort(this.layout.tag, port),
    ]);
    this.#done.set(id, want);
    // From here on the hook can do the same after a reboot inside the node.
    writeFileSync(join(this.layout.run(id), "net.guest"), `${guest.join("\n")}\n`);
    writeFileSync(join(this.layout.run(id), "net.host"), `${host.join("\n")}\n`);
  }

  async forget(id: string): Promise<void> {
    this.#done.delete(id);
    const port = this.#ports.get(id);
    this.#ports.delete(id);
    if (port) await forgetPort(this.layout.tag, port);
  }

  #host(veth: string, order: VclusterOrder): string[] {
    return [`link set ${veth} mtu ${order.network.mtu} master ${this.layout.bridge(order.id)}`, `link set ${veth} up`];
  }

  #guest(spec: NodeSpec, order: VclusterOrder): string[] {
    const { subnet, gateway, mtu } = order.network;
    return [
      `link set eth0 mtu ${mtu} address ${spec.mac}`,
      "link set lo up",
      "link set eth0 up",
      `addr replace ${spec.address}/${subnet.split("/")[1]} dev eth0 noprefixroute`,
      `route replace ${subnet} dev eth0 src ${spec.address} quickack 1`,
      `route replace default via ${gateway} quickack 1`,
    ];
  }
}
