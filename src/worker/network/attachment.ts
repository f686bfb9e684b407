import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeSpec, VclusterOrder } from "../../contracts/worker.ts";
import { ipBatch, ipBatchIn } from "../../os/ip.ts";
import type { Layout } from "../layout.ts";
import type { Bridges } from "./bridges.ts";
import { allowPort, forgetPort, type Port } from "./firewall.ts";

/** Joins an instance to the network of its vcluster, from outside. The hook does the same after a reboot inside the node. */
export class Attachments {
  readonly #ports = new Map<string, Port>();
  readonly #done = new Map<string, string>();

  constructor(
    private readonly layout: Layout,
    private readonly bridges: Bridges,
  ) {}

  /** Lets the instance in and writes what the hook needs. To be called before or after its start. */
  async prepare(id: string, spec: NodeSpec, order: VclusterOrder): Promise<void> {
    const { subnet, gateway } = order.network;
    const veth = this.layout.veth(id);
    const run = this.layout.run(id);
    writeFileSync(join(run, "net.guest"), `${this.#guest(spec, order).join("\n")}\n`);
    writeFileSync(join(run, "net.host"), `${this.#host(veth, order.id).join("\n")}\n`);
    const port = { veth, mac: spec.mac, address: spec.address };
    const known = this.#ports.get(id);
    const same = known && known.mac === port.mac && known.address === port.address;
    await Promise.all([
      this.bridges.ensure({ vcluster: order.id, subnet, gateway }),
      same ? undefined : allowPort(this.layout.tag, port),
    ]);
    if (known && !same) await forgetPort(this.layout.tag, known);
    this.#ports.set(id, port);
  }

  /** Plugs a running instance in. */
  async plug(id: string, pid: number, spec: NodeSpec, order: VclusterOrder): Promise<void> {
    const want = `${pid} ${spec.mac} ${spec.address} ${order.network.subnet}`;
    if (this.#done.get(id) === want) return;
    await Promise.all([ipBatch(this.#host(this.layout.veth(id), order.id)), ipBatchIn(pid, this.#guest(spec, order))]);
    this.#done.set(id, want);
  }

  async forget(id: string): Promise<void> {
    this.#done.delete(id);
    const port = this.#ports.get(id);
    this.#ports.delete(id);
    if (port) await forgetPort(this.layout.tag, port);
  }

  #host(veth: string, vcluster: string): string[] {
    return [`link set ${veth} master ${this.layout.bridge(vcluster)}`, `link set ${veth} up`];
  }

  #guest(spec: NodeSpec, order: VclusterOrder): string[] {
    const { subnet, gateway } = order.network;
    return [
      `link set eth0 address ${spec.mac}`,
      "link set lo up",
      "link set eth0 up",
      `addr replace ${spec.address}/${subnet.split("/")[1]} dev eth0 noprefixroute`,
      `route replace ${subnet} dev eth0 src ${spec.address} quickack 1`,
      `route replace default via ${gateway} quickack 1`,
    ];
  }
}
