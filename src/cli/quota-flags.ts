import type { Flags } from "./command.ts";

export const quotaFlags = {
  cpu: { type: "number", value: "CORES", doc: "cores that a member may use in all" },
  memory: { type: "mib", doc: "memory in all, for example 16G" },
  disk: { type: "mib", doc: "disk of nodes in all" },
  nodes: { type: "integer", doc: "nodes in all" },
  vclusters: { type: "integer", doc: "vclusters" },
  home: { type: "mib", doc: "size of the data folder (~/nfs)" },
} as const satisfies Flags;

type Name = keyof typeof quotaFlags;

/** Only what was said. */
export function quotaOf(flags: Record<Name, number | undefined>): Partial<Record<Name, number>> {
  const names = Object.keys(quotaFlags) as Name[];
  return Object.fromEntries(names.flatMap((k) => (flags[k] === undefined ? [] : [[k, flags[k]]])));
}
