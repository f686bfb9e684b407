import { DEFAULT_PLACEMENT, type PlacementWish } from "../../contracts/public/index.ts";
import { plural } from "../format/amounts.ts";

export type Placement = Required<PlacementWish>;

/** What can be told before the server is asked, or null. `fit`: hosts that are ready and have the labels. */
export function placementTrouble(value: Placement, nodes: number, fit: number): string | null {
  if (fit === 0) return "No host that is ready has all of these labels.";
  if (value.nodes === "apart" && nodes > fit)
    return `${nodes} nodes apart need ${nodes} hosts; ${plural(fit, "host")} would do. Ask for fewer nodes, or let them share.`;
  return null;
}

/** Only what differs from the defaults is sent: then the server's own words for a plain cluster stay plain. */
export function placementWish(value: Placement): PlacementWish | undefined {
  const wish: PlacementWish = {
    ...(value.strategy === DEFAULT_PLACEMENT.strategy ? {} : { strategy: value.strategy }),
    ...(value.nodes === DEFAULT_PLACEMENT.nodes ? {} : { nodes: value.nodes }),
    ...(Object.keys(value.labels).length === 0 ? {} : { labels: value.labels }),
  };
  return Object.keys(wish).length === 0 ? undefined : wish;
}
