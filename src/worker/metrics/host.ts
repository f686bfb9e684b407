import type { HostReport, SharedReport } from "../../contracts/worker.ts";
import { WIRE_VERSION } from "../../contracts/worker.ts";
import { output } from "../../os/exec.ts";
import { type Gpu, readGpus } from "../../os/gpus.ts";
import { bootTime, cpuCount, cpuTimes, diskSpace, kernelVersion, memory } from "../../os/procfs.ts";
import type { Layout } from "../layout.ts";

/** MiB; below this nothing new is begun: what runs needs the rest. */
const LOW_MIB = 64;

/** What this host has and how much of it is in use. */
export class HostGauge {
  #cpu = cpuTimes();
  #lxc = "unknown";
  #gpus: Gpu[] = [];

  constructor(
    private readonly layout: Layout,
    private facts: { name: string; address: string; mtu: number; version: string; clusterNet: string },
  ) {}

  async start(): Promise<void> {
    this.#lxc = (await output(["lxc-start", "--version"])).trim();
    this.#gpus = readGpus();
  }

  /** Why there is no room for more nodes, whatever was promised to whom. */
  fullDisk(least = LOW_MIB): string | null {
    const { pool, local } = this.layout;
    const low = [pool, local].find((path) => diskSpace(path).free < least);
    if (low === undefined) return null;
    const what = low === pool ? "the storage pool" : `the disk that holds ${local}`;
    return `${what} is full (${diskSpace(low).free} MiB are left)`;
  }

  /** Its address in the network that joins the hosts is another one now. */
  moved(address: string, mtu: number): void {
    this.facts = { ...this.facts, address, mtu };
  }

  report(warm: number, shared: SharedReport, problem: string | null): HostReport {
    const [busy, all] = cpuTimes();
    const share = all > this.#cpu[1] ? (busy - this.#cpu[0]) / (all - this.#cpu[1]) : 0;
    this.#cpu = [busy, all];
    const mem = memory();
    const disk = diskSpace(this.layout.pool);
    return {
      type: "host",
      name: this.facts.name,
      address: this.facts.address,
      mtu: this.facts.mtu,
      clusterNet: this.facts.clusterNet,
      capacity: { cpu: cpuCount(), memory: mem.total, disk: disk.total },
      used: {
        cpu: Math.round(share * cpuCount() * 100) / 100,
        memory: mem.total - mem.available,
        disk: disk.total - disk.free,
      },
      warm,
      gpus: this.#gpus,
      kernel: kernelVersion(),
      lxc: this.#lxc,
      version: this.facts.version,
      wire: WIRE_VERSION,
      bootedAt: bootTime(),
      shared,
      problem,
    };
  }
}
