import {
  DEFAULT_PLACEMENT,
  type Node,
  PlacementWish,
  type State,
  type Vcluster,
} from "../../contracts/public/index.ts";
import { formatAddress, formatCidr } from "../../lib/ipv4.ts";
import type { Reader } from "../../store/store.ts";

export interface VclusterRow {
  seq: number;
  id: string;
  owner_id: string;
  /** The owner's name and settings, joined. */
  owner: string;
  home: number;
  authorized_keys: string;
  name: string;
  image: string;
  desired: Vcluster["desired"];
  generation: number;
  subnet_base: number;
  subnet_prefix: number;
  gateway: number;
  peer_private: string;
  peer_public: string;
  state: State;
  reason: string | null;
  /** JSON, as asked for. */
  placement: string;
  loss_nodes: Vcluster["onHostLoss"]["nodes"];
  loss_recover: Vcluster["onHostLoss"]["recover"];
  created_at: number;
  request_id: string;
}

export interface NodeRow {
  id: string;
  vcluster: string;
  idx: number;
  host: string;
  cpu: number;
  memory: number;
  disk: number;
  address: number;
  mac: string;
  desired: "running" | "stopped" | "gone";
  since: number;
  operation: string;
  state: State;
  reason: string | null;
  slug: string | null;
  jupyter_token: string | null;
  warm: number;
  booted_at: number | null;
  /** Why it is on its host. */
  why: string | null;
  /** 1: told to stop although its vcluster runs, 2: and it is stopped. */
  hold: 0 | 1 | 2;
  /** What it waits for while its host is away; null: it is here. */
  waits: string | null;
}

const VCLUSTER =
  "SELECT v.*, o.name AS owner, o.home, o.authorized_keys FROM vclusters v JOIN owners o ON o.id = v.owner_id";

export const nodeName = (n: { idx: number }) => `host-${n.idx}`;

export function vclusterRow(db: Reader, id: string): VclusterRow | null {
  return db.get<VclusterRow>(`${VCLUSTER} WHERE v.id = $id`, { id });
}

export function nodeRows(db: Reader, vcluster: string): NodeRow[] {
  return db.all<NodeRow>("SELECT * FROM nodes WHERE vcluster = $vcluster ORDER BY idx", { vcluster });
}

export function readVcluster(db: Reader, id: string): Vcluster | null {
  const row = vclusterRow(db, id);
  return row && present(row, nodeRows(db, id), activeIds(db, [id]).get(id) ?? null);
}

export function readByName(db: Reader, owner: string, name: string): Vcluster | null {
  const row = db.get<VclusterRow>(`${VCLUSTER} WHERE o.name = $owner AND v.name = $name`, { owner, name });
  return row && present(row, nodeRows(db, row.id), activeIds(db, [row.id]).get(row.id) ?? null);
}

/** A page, newest first. All nodes of the page come in one query, and so do the operations. */
export function listVclusters(
  db: Reader,
  filter: { owner: string | null; cursor?: string | undefined; limit: number },
): { items: Vcluster[]; next: string | null } {
  const before = filter.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(filter.cursor) || 0;
  const rows = db.all<VclusterRow>(
    // Of one person, only theirs are looked at.
    `${VCLUSTER} WHERE v.seq < $before${filter.owner === null ? "" : " AND v.owner_id IN (SELECT id FROM owners WHERE name = $owner)"} ORDER BY v.seq DESC LIMIT $limit`,
    { before, ...(filter.owner === null ? {} : { owner: filter.owner }), limit: filter.limit + 1 },
  );
  const page = rows.slice(0, filter.limit);
  const ids = page.map((r) => r.id);
  const nodes = Map.groupBy(
    db.all<NodeRow>(
      "SELECT * FROM nodes WHERE vcluster IN (SELECT value FROM json_each($ids)) ORDER BY vcluster, idx",
      {
        ids: JSON.stringify(ids),
      },
    ),
    (n) => n.vcluster,
  );
  const operations = activeIds(db, ids);
  return {
    items: page.map((r) => present(r, nodes.get(r.id) ?? [], operations.get(r.id) ?? null)),
    next: rows.length > filter.limit ? String(page.at(-1)!.seq) : null,
  };
}

function activeIds(db: Reader, vclusters: string[]): Map<string, string> {
  const rows = db.all<{ id: string; vcluster: string }>(
    "SELECT id, vcluster FROM operations WHERE ended_at IS NULL AND vcluster IN (SELECT value FROM json_each($ids))",
    { ids: JSON.stringify(vclusters) },
  );
  return new Map(rows.map((r) => [r.vcluster, r.id]));
}

/** What was asked for when it was made. A row that makes no sense asks for nothing. */
export function wishOf(r: Pick<VclusterRow, "placement">): PlacementWish {
  const wish = PlacementWish.safeParse(JSON.parse(r.placement));
  return wish.success ? wish.data : {};
}

function present(r: VclusterRow, nodes: NodeRow[], operation: string | null): Vcluster {
  return {
    id: r.id,
    name: r.name,
    owner: r.owner,
    image: r.image,
    state: r.state,
    reason: r.reason,
    desired: r.desired,
    subnet: formatCidr({ base: r.subnet_base, prefix: r.subnet_prefix }),
    nodes: nodes.map(presentNode),
    operation,
    placement: { ...DEFAULT_PLACEMENT, ...wishOf(r) },
    onHostLoss: { nodes: r.loss_nodes, recover: r.loss_recover },
    createdAt: r.created_at,
  };
}

function presentNode(n: NodeRow): Node {
  return {
    id: n.id,
    name: nodeName(n),
    slug: n.slug,
    state: n.state,
    reason: n.waits ?? n.reason,
    host: n.host,
    address: formatAddress(n.address),
    size: { cpu: n.cpu, memory: n.memory, disk: n.disk },
    warm: n.warm !== 0,
    why: n.why,
    bootedAt: n.booted_at,
  };
}
