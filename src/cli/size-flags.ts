import type { Flags } from "./command.ts";

export const sizeFlags = {
  cpu: { type: "number", value: "CORES", doc: "cores of each node, for example 0.5 or 4" },
  memory: { type: "mib", doc: "memory of each node, for example 512M or 2G" },
  disk: { type: "mib", doc: "disk of each node, for example 10G" },
} as const satisfies Flags;

type Size = { cpu?: number; memory?: number; disk?: number };

/** Only what was said; undefined when nothing was. */
export function sizeOf(flags: Record<keyof typeof sizeFlags, number | undefined>): Size | undefined {
  const size: Size = {};
  if (flags.cpu !== undefined) size.cpu = flags.cpu;
  if (flags.memory !== undefined) size.memory = flags.memory;
  if (flags.disk !== undefined) size.disk = flags.disk;
  return Object.keys(size).length === 0 ? undefined : size;
}
