import type { HostSample } from "../../contracts/public/index.ts";
import type { HostReport } from "../../contracts/worker.ts";
import { Ring } from "../../lib/ring.ts";

/** Milliseconds: what comes sooner after the last sample is left out. */
const EVERY_MS = 5_000;
const HOUR_MS = 3_600_000;

/** The last hour of what is in use on each host. In memory only: a master that starts begins with none. */
export class HostHistory {
  readonly #rings = new Map<string, Ring<HostSample>>();

  heard(name: string, used: HostReport["used"], at: number): void {
    let ring = this.#rings.get(name);
    if (!ring) {
      ring = new Ring(HOUR_MS / EVERY_MS);
      this.#rings.set(name, ring);
    }
    const last = ring.last?.at ?? Number.NEGATIVE_INFINITY;
    // A clock that was set back begins a new hour: time never runs backwards in what is shown.
    if (at < last) this.#rings.set(name, new Ring(HOUR_MS / EVERY_MS));
    else if (at - last < EVERY_MS * 0.9) return;
    this.#rings.get(name)!.push({ at, cpu: used.cpu, memory: used.memory, disk: used.disk });
  }

  /** Oldest first. */
  of(name: string, now: number): HostSample[] {
    return (this.#rings.get(name)?.toArray() ?? []).filter((s) => s.at > now - HOUR_MS);
  }

  forget(name: string): void {
    this.#rings.delete(name);
  }
}
