import type { SlugTarget } from "../contracts/master.ts";
import { formatAddress } from "../lib/ipv4.ts";
import type { Reader } from "../store/store.ts";
import { type NodeRow, nodeName, nodeRows, type VclusterRow, vclusterRow } from "./vclusters/rows.ts";

type Target = Omit<SlugTarget, "ready" | "relay"> & { image: string; host: string };

/**
 * Slugs and node ids in memory, kept in step with the rows: asked for with every request to a workspace and
 * with every sample of every node.
 */
export class Directory {
  readonly #slugs = new Map<string, Target>();
  readonly #nodes = new Map<string, { vcluster: string; name: string }>();
  readonly #held = new Map<string, { slugs: string[]; nodes: string[] }>();

  load(db: Reader): void {
    for (const { id } of db.all<{ id: string }>("SELECT id FROM vclusters")) this.refresh(db, id);
  }

  /** Reads one vcluster anew; called after every commit that touched it. */
  refresh(db: Reader, id: string): void {
    this.#forget(id);
    const vc = vclusterRow(db, id);
    if (!vc) return;
    const held = { slugs: [] as string[], nodes: [] as string[] };
    for (const n of nodeRows(db, id)) {
      this.#nodes.set(n.id, { vcluster: id, name: nodeName(n) });
      held.nodes.push(n.id);
      if (n.slug === null) continue;
      this.#slugs.set(n.slug, target(vc, n));
      held.slugs.push(n.slug);
    }
    this.#held.set(id, held);
  }

  slug(slug: string): Target | null {
    return this.#slugs.get(slug) ?? null;
  }

  node(id: string): { vcluster: string; name: string } | null {
    return this.#nodes.get(id) ?? null;
  }

  #forget(id: string): void {
    const held = this.#held.get(id);
    if (!held) return;
    for (const s of held.slugs) this.#slugs.delete(s);
    for (const n of held.nodes) this.#nodes.delete(n);
    this.#held.delete(id);
  }
}

function target(vc: VclusterRow, n: NodeRow): Target {
  return {
    owner: vc.owner,
    vcluster: vc.name,
    vclusterId: vc.id,
    node: nodeName(n),
    state: n.state,
    reason: n.reason,
    address: formatAddress(n.address),
    jupyterToken: n.jupyter_token,
    image: vc.image,
    host: n.host,
  };
}
