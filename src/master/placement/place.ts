import { DEFAULT_PLACEMENT } from "../../contracts/public/index.ts";
import { type Amount, fits, KINDS } from "./amount.ts";
import { barrier, type Candidate, type Open, type Placement, rank, seat, type Wanted } from "./candidate.ts";
import { explain } from "./explain.ts";
import { refusal } from "./refusal.ts";

/**
 * Chooses a host for each node. Pure: the same for the same question, in whatever order the hosts come. All nodes find
 * a place, or none is given one; it is refused only when no other choice could have found one.
 */
export function place(wanted: Wanted, candidates: readonly Candidate[]): Placement {
  const wish = { ...DEFAULT_PLACEMENT, ...wanted.wish };
  const open: Open[] = [];
  const together = wish.nodes === "together" ? seat(candidates) : null;
  for (const c of candidates) {
    if (barrier(c, wish, together) !== null) continue;
    const room = fits(
      {
        cpu: c.limit.cpu - c.reserved.cpu,
        memory: c.limit.memory - c.reserved.memory,
        disk: c.limit.disk - c.reserved.disk,
      },
      wanted.size,
    );
    if (room < (wish.nodes === "together" ? wanted.nodes : 1)) continue;
    open.push({ c, reserved: { ...c.reserved }, warm: c.warm, load: loadOf(c.limit, c.reserved), room });
  }
  const hosts: string[] = [];
  const why: string[] = [];
  for (let i = 0; i < wanted.nodes; i++) {
    const home = i === 0 && wanted.first === true;
    // All on the one that was best for the first.
    const from = wish.nodes === "together" && i > 0 ? open.filter((o) => o.c.name === hosts[0]) : open;
    const best = choose(from, wish.strategy === "pack", home);
    if (!best) return refusal(wanted, wish, candidates, together);
    hosts.push(best.c.name);
    why.push(wish.nodes === "together" && i > 0 ? "with the others" : explain(best, open, wish, home, wanted));
    if (wish.nodes === "apart") best.room = 0;
    else best.room--;
    best.warm--;
    for (const k of KINDS) best.reserved[k] += wanted.size[k];
    best.load = loadOf(best.c.limit, best.reserved);
  }
  return { ok: true, hosts, why };
}

function choose(open: readonly Open[], pack: boolean, home: boolean): Open | null {
  let best: Open | null = null;
  for (const o of open) if (o.room > 0 && (best === null || better(o, best, pack, home))) best = o;
  return best;
}

/**
 * What counts, in this order: the data folder (host-0 only), that nothing is nearly used up, that the image is there.
 * Then, to spread: a warm node, the least promised. To pack: the most promised, a warm node. In the end the name.
 */
function better(a: Open, b: Open, pack: boolean, home: boolean): boolean {
  const by = rank(a, b, home);
  if (by !== 0) return by > 0;
  const warm = Number(a.warm > 0) - Number(b.warm > 0);
  if (!pack && warm !== 0) return warm > 0;
  if (a.load !== b.load) return pack ? a.load > b.load : a.load < b.load;
  if (warm !== 0) return warm > 0;
  return a.c.name < b.c.name;
}

function loadOf(limit: Amount, reserved: Amount): number {
  let most = 0;
  for (const k of KINDS) most = Math.max(most, limit[k] > 0 ? reserved[k] / limit[k] : 1);
  return most;
}
