import type { Store, Tx } from "../../store/store.ts";
import { RANGES } from "../layout.ts";

/** A container on this host, warm or somebody's. */
export interface Instance {
  id: string;
  /** Id of the node that it is, once it is somebody's. */
  node: string | null;
  vcluster: string | null;
  image: string;
  /** Read-only layers it was made from, topmost first: kept for its life, whatever becomes of the image. */
  layers: string[];
  range: number;
  slug: string;
  jupyterToken: string;
  hostKey: string;
  hostKeyPub: string;
  /** Was it taken from the warm pool? */
  warm: boolean;
  stage: "filling" | "warm" | "claimed" | "dying";
  bootedAt: number | null;
}

interface InstanceRow {
  id: string;
  node: string | null;
  vcluster: string | null;
  image: string;
  layers: string;
  id_range: number;
  slug: string;
  jupyter_token: string;
  host_key: string;
  host_key_pub: string;
  warm: number;
  stage: Instance["stage"];
  booted_at: number | null;
}

const fromRow = (r: InstanceRow): Instance => ({
  id: r.id,
  node: r.node,
  vcluster: r.vcluster,
  image: r.image,
  layers: JSON.parse(r.layers) as string[],
  range: r.id_range,
  slug: r.slug,
  jupyterToken: r.jupyter_token,
  hostKey: r.host_key,
  hostKeyPub: r.host_key_pub,
  warm: r.warm === 1,
  stage: r.stage,
  bootedAt: r.booted_at,
});

export type NewInstance = Omit<Instance, "range" | "warm" | "bootedAt">;

/** The worker's rows about its containers; a copy in memory answers reads. */
export class Instances {
  readonly #byId = new Map<string, Instance>();
  readonly #byNode = new Map<string, Instance>();

  constructor(private readonly store: Store) {
    for (const row of store.all<InstanceRow>("SELECT * FROM instances")) this.#remember(fromRow(row));
  }

  all(): Instance[] {
    return [...this.#byId.values()];
  }

  get(id: string): Instance | undefined {
    return this.#byId.get(id);
  }

  ofNode(node: string): Instance | undefined {
    return this.#byNode.get(node);
  }

  inVcluster(vcluster: string): Instance[] {
    return this.all().filter((i) => i.vcluster === vcluster);
  }

  /** Does any container stand on this layer? docklet's own layer is below every one of them. */
  usesLayer(path: string): boolean {
    return this.#byId.size > 0 && (path.includes("/docklet@") || this.all().some((i) => i.layers.includes(path)));
  }

  /** `also`: what else is written with it. */
  add(fresh: NewInstance, now: number, also: (tx: Tx) => void = () => {}): Instance {
    const row = this.store.write((tx) => {
      also(tx);
      return tx.get<InstanceRow>(
        "INSERT INTO instances (id, node, vcluster, image, layers, id_range, slug, jupyter_token, host_key, host_key_pub, stage, created_at) VALUES ($id, $node, $vcluster, $image, $layers, $range, $slug, $jupyterToken, $hostKey, $hostKeyPub, $stage, $now) RETURNING *",
        { ...fresh, layers: JSON.stringify(fresh.layers), range: freeRange(tx), now },
      );
    });
    return this.#remember(fromRow(row!));
  }

  /** A warm instance becomes a node. */
  claim(id: string, node: string, vcluster: string, also: (tx: Tx) => void = () => {}): Instance {
    return this.#change(
      id,
      "UPDATE instances SET node = $node, vcluster = $vcluster, stage = 'claimed', warm = 1 WHERE id = $id RETURNING *",
      { node, vcluster },
      also,
    );
  }

  setStage(id: string, stage: Instance["stage"]): Instance {
    return this.#change(id, "UPDATE instances SET stage = $stage WHERE id = $id RETURNING *", { stage });
  }

  setBooted(id: string, at: number): Instance {
    return this.#change(id, "UPDATE instances SET booted_at = $at WHERE id = $id RETURNING *", { at });
  }

  /** Only after nothing is left of it. */
  remove(id: string): void {
    this.store.write((tx) => tx.run("DELETE FROM instances WHERE id = $id", { id }));
    const old = this.#byId.get(id);
    this.#byId.delete(id);
    if (old?.node) this.#byNode.delete(old.node);
  }

  #change(
    id: string,
    sql: string,
    params: Record<string, string | number>,
    also: (tx: Tx) => void = () => {},
  ): Instance {
    const row = this.store.write((tx) => {
      also(tx);
      return tx.get<InstanceRow>(sql, { id, ...params });
    });
    return this.#remember(fromRow(row!));
  }

  #remember(i: Instance): Instance {
    this.#byId.set(i.id, i);
    if (i.node) this.#byNode.set(i.node, i);
    return i;
  }
}

/** The lowest range that no row holds; the UNIQUE constraint stands behind it. */
function freeRange(tx: Tx): number {
  const row = tx.get<{ r: number }>(
    "SELECT 0 AS r WHERE NOT EXISTS (SELECT 1 FROM instances WHERE id_range = 0) UNION ALL SELECT min(a.id_range) + 1 FROM instances a WHERE NOT EXISTS (SELECT 1 FROM instances b WHERE b.id_range = a.id_range + 1) LIMIT 1",
  );
  const range = row?.r ?? 0;
  if (range >= RANGES) throw new Error("all id ranges of this host are in use");
  return range;
}
