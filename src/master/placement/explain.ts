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
  const labels = describeLabels(wish.labels);
  if (labels !== "") parts.push(`has ${labels}`);
  if (wish.nodes === "apart") parts.push("no other node of the vcluster there");
  if (wish.nodes === "together") parts.push(best.c.mine > 0 ? "with the others" : `room for all ${wanted.nodes}`);
  if (home && best.c.home) parts.push("holds the person's data folder");
  if (best.c.strained !== null) parts.push(`${best.c.strained}, and there is no better host`);
  else if (strained > 0) parts.push("others are nearly used up");
  if (imageless > 0) parts.push(best.c.image ? "has the image" : "the image is sent there");
  const warm = best.warm > 0 ? ["a warm node waits"] : [];
  if (!pack) parts.push(...warm);
  parts.push(load(best, roomy, equal, pack, parts.length > 0));
  if (pack) parts.push(...warm);
  return parts.join("; ");
}

/** What decided in the end. `such`: something was said before that not every host can say of itself. */
function load(best: Open, roomy: number, equal: number, pack: boolean, such: boolean): string {
  const hosts = such ? "such host" : "host";
  if (roomy === 1) return `the only ${hosts} with room`;
  const promised = `${Math.round(best.load * 100)} %`;
  if (equal === 1) return `${promised} promised`;
  return `${pack ? "most" : "least"} promised of ${equal} ${hosts}s${pack ? " with room" : ""}: ${promised}`;
}
