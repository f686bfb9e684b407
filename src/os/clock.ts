import { readFileSync } from "node:fs";

/** The time, as a thing that can be handed in: tests stop it, stores never ask for it themselves. */
export interface Clock {
  /** Milliseconds since 1970, UTC. For people and for rows; may jump. */
  now(): number;
  /** Milliseconds that only ever grow. For durations. */
  monotonic(): number;
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** Where `sinceBoot` is read, in seconds: for a shell. */
export const UPTIME = "/proc/uptime";

/**
 * Milliseconds since the machine has booted, the time that it slept included (CLOCK_BOOTTIME, to 10 ms). For leases: no
 * other clock goes on while a machine is suspended and stands still when its time is set. A shell reads the same one.
 */
export function sinceBoot(): number {
  return Math.round(Number(readFileSync(UPTIME, "utf8").split(" ")[0]) * 1000);
}

let boot: string | undefined;
/** Tells one run of the machine from the next: `sinceBoot` can only be compared within one. */
export function bootId(): string {
  boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return boot;
}
