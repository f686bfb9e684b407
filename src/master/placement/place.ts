import { type Amount, describe, fits, KINDS, minus } from "./amount.ts";

/** A host as placement sees it. */
export interface Candidate {
  name: string;
  /** The most that may be promised here. */
  limit: Amount;
  /** What live nodes were promised. */
  reserved: Amount;
  /** Why nothing may be put here (unreachable, cordoned, image not there); null: it may. */
  unfit: string | null;
  /** Warm nodes of the wanted image. */
  warm: number;
}

export interface Wanted {
  nodes: number;
  size: Amount;
}

export type Placement =
  /** A host and the reason for it, for each node. */
  | { ok: true; hosts: string[]; why: string[] }
  | { ok: false; message: string; hint: string; details: Record<string, unknown> };

/**
 * Chooses a host for each node: where a warm node waits, else where the least is promised, else by name.
 * Pure, and the same for the same question. All nodes find a place, or none is given one.
 */
export function place(wanted: Wanted, candidates: readonly Candidate[]): Placement {
  const open = candidates
    .filter((c) => c.unfit === null)
    .map((c) => ({ name: c.name, limit: c.limit, reserved: { ...c.reserved }, warm: c.warm }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const hosts: string[] = [];
  const why: string[] = [];
  for (let i = 0; i < wanted.nodes; i++) {
    let best: (typeof open)[number] | null = null;
    let bestLoad = 0;
    for (const c of open) {
      if (fits(minus(c.limit, c.reserved), wanted.size) < 1) continue;
      const load = loadOf(c.limit, c.reserved);
      if (best && (c.warm > 0 !== best.warm > 0 ? best.warm > 0 : load >= bestLoad)) continue;
      best = c;
      bestLoad = load;
    }
    if (!best) return refusal(wanted, candidates);
    hosts.push(best.name);
    why.push(best.warm > 0 ? "a warm node waits there" : `least promised: ${Math.round(bestLoad * 100)} %`);
    best.warm--;
    for (const k of KINDS) best.reserved[k] += wanted.size[k];
  }
  return { ok: true, hosts, why };
}

/** The share of the scarcest thing that is promised already. */
function loadOf(limit: Amount, reserved: Amount): number {
  return Math.max(...KINDS.map((k) => (limit[k] > 0 ? reserved[k] / limit[k] : 1)));
}

function refusal(wanted: Wanted, candidates: readonly Candidate[]): Placement {
  const rows = candidates.map((c) => {
    const free = minus(c.limit, c.reserved);
    return { name: c.name, unfit: c.unfit, free, fits: c.unfit === null ? fits(free, wanted.size) : 0 };
  });
  const most = rows.reduce((sum, r) => sum + r.fits, 0);
  const asked = `${wanted.nodes} node${wanted.nodes === 1 ? "" : "s"} of ${describe(wanted.size)}`;
  const hosts = rows.map((r) =>
    r.unfit === null ? `${r.name} has ${describe(r.free)} free, ${r.fits} of them fit` : `${r.name}: ${r.unfit}`,
  );
  const roomiest = rows.filter((r) => r.unfit === null).sort((a, b) => b.free.memory - a.free.memory)[0];
  return {
    ok: false,
    message: `No room for ${asked}. ${hosts.length > 0 ? `${hosts.join("; ")}.` : "No host is known yet."}`,
    hint:
      most > 0
        ? `${most} node${most === 1 ? "" : "s"} of this size would fit now; ask for fewer or smaller ones, or free something.`
        : roomiest
          ? `The largest node that would fit now has ${describe(roomiest.free)}. Ask for a smaller one, or free something.`
          : "Wait for a host to become ready, or ask the administrator.",
    details: {
      asked: wanted,
      fits: most,
      hosts: rows.map((r) => ({ name: r.name, free: r.free, fits: r.fits, unfit: r.unfit })),
    },
  };
}
