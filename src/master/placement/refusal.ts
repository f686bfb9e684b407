import type { PlacementWish } from "../../contracts/public/index.ts";
import { type Amount, describe, fits, minus } from "./amount.ts";
import { barrier, type Candidate, type Placement, type Wanted } from "./candidate.ts";
import { describeLabels } from "./labels.ts";

/** Hosts that a message names; all of them are in its details. */
const NAMED = 8;

/** What would help where the wish is the trouble. */
const LET = { any: "them be anywhere", apart: "them share hosts", together: "them be on several hosts" };

interface Row {
  name: string;
  /** Why it can't be taken at all. */
  unfit: string | null;
  free: Amount;
  /** How many of the wanted nodes it could take. */
  fits: number;
}

/** Says of each host what it lacks, and what would fit. */
export function refusal(
  wanted: Wanted,
  wish: Required<PlacementWish>,
  candidates: readonly Candidate[],
  together: string | null,
): Placement {
  const rows = candidates
    .map((c): Row => {
      const unfit = barrier(c, wish, together);
      const free = minus(c.limit, c.reserved);
      const most = wish.nodes === "apart" ? 1 : Number.POSITIVE_INFINITY;
      return { name: c.name, unfit, free, fits: unfit === null ? Math.min(most, fits(free, wanted.size)) : 0 };
    })
    .sort(
      (a, b) => Number(b.unfit === null) - Number(a.unfit === null) || b.fits - a.fits || (a.name < b.name ? -1 : 1),
    );
  const would =
    wish.nodes === "together" ? Math.max(0, ...rows.map((r) => r.fits)) : rows.reduce((sum, r) => sum + r.fits, 0);
  const asked = `${wanted.nodes} node${wanted.nodes === 1 ? "" : "s"} of ${describe(wanted.size)}`;
  return {
    ok: false,
    message: `No room for ${asked}${terms(wish, wanted.nodes)}. ${rows.length > 0 ? `${perHost(rows)}.` : "No host is known yet."}`,
    hint: hint(rows, would, wish, candidates),
    details: {
      asked: { nodes: wanted.nodes, size: wanted.size, placement: wish },
      fits: would,
      hosts: rows.map(({ name, free, fits: n, unfit }) => ({ name, free, fits: n, unfit })),
    },
  };
}

function terms(wish: Required<PlacementWish>, nodes: number): string {
  const labels = describeLabels(wish.labels);
  const where =
    wish.nodes === "any" || nodes === 1 ? "" : wish.nodes === "apart" ? ", no two on one host" : ", all on one host";
  return `${where}${labels === "" ? "" : `, with ${labels}`}`;
}

function perHost(rows: readonly Row[]): string {
  const said = rows
    .slice(0, NAMED)
    .map((r) =>
      r.unfit === null ? `${r.name} has ${describe(r.free)} free, ${r.fits} of them fit` : `${r.name}: ${r.unfit}`,
    );
  return [...said, ...(rows.length > NAMED ? [`and ${rows.length - NAMED} more hosts`] : [])].join("; ");
}

function hint(
  rows: readonly Row[],
  would: number,
  wish: Required<PlacementWish>,
  candidates: readonly Candidate[],
): string {
  const nodes = `${would} node${would === 1 ? "" : "s"} of this size would fit now`;
  const rule = wish.nodes === "any" ? "" : wish.nodes === "apart" ? "on hosts of their own" : "together";
  if (would > 0) {
    return rule === ""
      ? `${nodes}; ask for fewer or smaller ones, or free something.`
      : `${nodes} ${rule}; ask for fewer or smaller ones, or let ${LET[wish.nodes]}.`;
  }
  const roomiest = rows.filter((r) => r.unfit === null).sort((a, b) => b.free.memory - a.free.memory)[0];
  if (roomiest) {
    return `The largest node that would fit now has ${describe(roomiest.free)}. Ask for a smaller one, or free something.`;
  }
  const open = candidates.filter((c) => c.unfit === null);
  if (open.length > 0 && Object.keys(wish.labels).length > 0 && open.every((c) => lacks(c, wish))) {
    const there = [...new Set(open.flatMap((c) => Object.entries(c.labels).map(([k, v]) => `${k}=${v}`)))].sort();
    return there.length > 0
      ? `Hosts that are ready have these labels: ${there.slice(0, 20).join(", ")}.`
      : "No host has labels yet: an administrator can set them with `docklet host label`.";
  }
  return open.length > 0
    ? `Ask for fewer nodes, or let ${LET[wish.nodes]}.`
    : "Wait for a host to become ready, or ask the administrator.";
}

const lacks = (c: Candidate, wish: Required<PlacementWish>): boolean =>
  Object.entries(wish.labels).some(([k, v]) => c.labels[k] !== v);
