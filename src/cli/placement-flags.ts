import type { PlacementWish } from "../contracts/public/vclusters.ts";
import { type Flags, type FlagValues, UsageError } from "./command.ts";
import { parseLabels } from "./labels.ts";

export const placementFlags = {
  spread: { type: "boolean", doc: "on hosts where the least is promised; the default" },
  pack: { type: "boolean", doc: "on hosts where the most is promised and it still fits" },
  together: { type: "boolean", doc: "all nodes on one host" },
  apart: { type: "boolean", doc: "no two nodes on the same host" },
  label: { type: "list", value: "KEY=VALUE", doc: "only on hosts with this label; may be given more than once" },
} as const satisfies Flags;

/** Only what was said; undefined when nothing was. */
export function placementOf(flags: FlagValues<typeof placementFlags>): PlacementWish | undefined {
  const command = "vcluster create";
  if (flags.spread && flags.pack) throw new UsageError("--spread and --pack exclude each other.", "", command);
  if (flags.together && flags.apart) throw new UsageError("--together and --apart exclude each other.", "", command);
  const wish: PlacementWish = {
    ...(flags.spread ? { strategy: "spread" as const } : flags.pack ? { strategy: "pack" as const } : {}),
    ...(flags.together ? { nodes: "together" as const } : flags.apart ? { nodes: "apart" as const } : {}),
    ...(flags.label.length > 0 ? { labels: parseLabels(flags.label, command) } : {}),
  };
  return Object.keys(wish).length === 0 ? undefined : wish;
}
