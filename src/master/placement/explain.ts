import type { PlacementWish } from "../../contracts/public/index.ts";
import { type Open, rank, type Wanted } from "./candidate.ts";
import { describeLabels } from "./labels.ts";

/** Why this one of the hosts that had room, before the node is counted there. What decided comes first. */
export function explain(
  best: Open,
  open: readonly Open[],
  wish: Required<PlacementWish>,
  home: boolean,
  wanted: Wanted,
): string {
  const pack = wish.strategy === "pack";
  let roomy = 0;
  let equal = 0;
  let strained = 0;
  let imageless = 0;
  for (const o of open) {
    if (o.room < 1) continue;
    roomy++;
    if (o.c.strained !== null) strained++;
    if (!o.c.image) imageless++;
    if (rank(o, best, home) === 0 && (pack || o.warm > 0 === best.warm > 0)) equal++;
  }
  const parts: string[] = [];
  if (home && best.c.home) parts.push("holds the person's data folder");
  if (best.c.strained !== null) parts.push(`${best.c.strained}, but so it is on the others`);
  else if (strained > 0) parts.push("others are nearly used up");
  if (imageless > 0) parts.push(best.c.image ? "has the image" : "the image is sent there");
  const warm = best.warm > 0 ? ["a warm node waits"] : [];
  if (!pack) parts.push(...warm);
  const load = `${Math.round(best.load * 100)} %`;
  if (roomy === 1) parts.unshift("the only host with room");
  else if (equal > 1) {
    const such = equal < roomy ? "such hosts" : "hosts";
    parts.push(`${pack ? "most promised" : "least promised"} of ${equal} ${such}${pack ? " with room" : ""}: ${load}`);
  } else parts.push(`${load} promised`);
  if (pack) parts.push(...warm);
  const labels = describeLabels(wish.labels);
  if (labels !== "") parts.push(`has ${labels}`);
  if (wish.nodes === "apart") parts.push("no other node of the vcluster there");
  if (wish.nodes === "together") parts.push(best.c.mine > 0 ? "with the others" : `room for all ${wanted.nodes}`);
  return parts.join("; ");
}
