import { DEFAULT_PLACEMENT } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Reader } from "../../store/store.ts";
import type { Hosts } from "../hosts/hosts.ts";
import type { Images } from "../images/images.ts";
import { KINDS } from "../placement/amount.ts";
import type { Candidate } from "../placement/candidate.ts";
import { place } from "../placement/place.ts";
import { type NodeRow, nodeName, type VclusterRow, wishOf } from "../vclusters/rows.ts";
import { copiesOf } from "./copies.ts";

/** Where a node goes, or why it can go nowhere. */
export type Target = { node: NodeRow; to: string } | { node: NodeRow; refused: DockletError };

export interface Whither {
  /** Only there; null: wherever there is room but here. */
  to: string | null;
  /** Being emptied: no target, however much room it has. */
  from?: string;
}

/** New hosts for nodes of one vcluster, as it wishes to be placed. Those that find none say why. */
export function targets(
  db: Reader,
  parts: { hosts: Hosts; images: Images },
  vc: VclusterRow,
  leaving: NodeRow[],
  { to, from }: Whither,
): Target[] {
  const { hosts, images } = parts;
  const ids = leaving.map((n) => n.id);
  const all = hosts.candidates(db, images.locality(vc.image), { vcluster: vc.id, owner: vc.owner_id, leaving: ids });
  const open = to === null ? all : all.filter((c) => c.name === to);
  const wish = { ...DEFAULT_PLACEMENT, ...wishOf(vc) };
  const copies = copiesOf(db, vc.id);
  const stale = (host: string, nodes: NodeRow[]) =>
    nodes.find((n) => copies.some((c) => c.host === host && c.node === n.id));
  const found: Target[] = [];
  // Nodes of one size that leave one host find their places together.
  const groups = Map.groupBy(leaving, (n) => `${n.host} ${n.cpu} ${n.memory} ${n.disk}`);
  const whole = (nodes: NodeRow[]): Target[] => {
    const first = nodes[0]!;
    const size = { cpu: first.cpu, memory: first.memory, disk: first.disk };
    const candidates = open.map((c) => {
      const old = stale(c.name, nodes);
      const unfit =
        c.name === from
          ? "is being drained"
          : c.name === first.host
            ? "is where it is now"
            : old
              ? `has an old copy of ${nodeName(old)} still`
              : null;
      return unfit === null ? c : { ...c, unfit };
    });
    const placed = place({ nodes: nodes.length, size, wish, first: first.idx === 0 }, candidates);
    if (!placed.ok) {
      if (nodes.length > 1 && wish.nodes !== "together") return nodes.flatMap((n) => whole([n]));
      const refused = new DockletError("no_capacity", placed.message, placed.hint, placed.details);
      return nodes.map((node) => ({ node, refused }));
    }
    for (const host of placed.hosts) take(open.find((c) => c.name === host)!, size);
    return nodes.map((node, i) => ({ node, to: placed.hosts[i]! }));
  };
  for (const nodes of groups.values()) found.push(...whole(nodes));
  return found;
}

/** Throws when an explicit target makes no sense at all. */
export function checkTarget(hosts: Hosts, to: string | null): void {
  if (to === null || hosts.has(to)) return;
  throw new DockletError("not_found", `There is no host named ${to}.`, "`docklet host ls` lists them.");
}

/** What the next ones must know of this one. */
function take(c: Candidate, size: Candidate["reserved"]): void {
  c.mine++;
  c.reserved = { ...c.reserved };
  for (const k of KINDS) c.reserved[k] += size[k];
}
