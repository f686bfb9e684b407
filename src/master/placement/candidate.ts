import type { Labels, PlacementWish } from "../../contracts/public/index.ts";
import type { Amount } from "./amount.ts";

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
  /** The wanted image is there already and need not be sent. */
  image: boolean;
  /** Nodes of the same vcluster that are here, and stay. */
  mine: number;
  /** The person's data folder is on this host. */
  home: boolean;
  labels: Labels;
  /** What is nearly used up here, as measured, whatever was promised; null: nothing. Taken when nothing else is left. */
  strained: string | null;
}

export interface Wanted {
  nodes: number;
  size: Amount;
  wish?: PlacementWish | undefined;
  /** The first of them is host-0: it had best be where the data folder is. */
  first?: boolean | undefined;
}

export type Placement =
  /** A host and the reason for it, for each node. */
  | { ok: true; hosts: string[]; why: string[] }
  | { ok: false; message: string; hint: string; details: Record<string, unknown> };

/** A candidate while nodes are being given to it. */
export interface Open {
  readonly c: Candidate;
  readonly reserved: Amount;
  warm: number;
  /** The share of the scarcest thing that is promised. */
  load: number;
  /** How many more nodes of the wanted size fit. */
  room: number;
}

/** Of a vcluster that stays together: where it is. null: nowhere yet. */
export function seat(candidates: readonly Candidate[]): string | null {
  let at: Candidate | null = null;
  for (const c of candidates) {
    if (c.mine === 0) continue;
    if (!at || c.mine > at.mine || (c.mine === at.mine && c.name < at.name)) at = c;
  }
  return at?.name ?? null;
}

/** Why a host can't be taken, whatever room it has; null: it can. */
export function barrier(c: Candidate, wish: Required<PlacementWish>, together: string | null): string | null {
  if (c.unfit !== null) return c.unfit;
  for (const [k, v] of Object.entries(wish.labels)) if (c.labels[k] !== v) return `lacks the label ${k}=${v}`;
  if (wish.nodes === "apart" && c.mine > 0) return "has a node of this vcluster already";
  if (together !== null && c.name !== together) return `is not ${together}, where the other nodes are`;
  return null;
}

/** Above 0: `a` is the better one, whatever is promised on either. */
export function rank(a: Open, b: Open, home: boolean): number {
  return (
    (home ? Number(a.c.home) - Number(b.c.home) : 0) ||
    Number(a.c.strained === null) - Number(b.c.strained === null) ||
    Number(a.c.image) - Number(b.c.image)
  );
}
