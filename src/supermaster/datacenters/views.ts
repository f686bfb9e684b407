import type { Operation, Vcluster } from "../../contracts/public/index.ts";
import { personById, personByName } from "../accounts/person.ts";
import type { Base } from "../base.ts";
import { allocationById } from "../quotas/allocations.ts";

/** Something of the master's, as people see it, and whose it is. */
export interface View<T> {
  shown: T;
  /** A person's id; null: nobody's who is known, so only admins see it. */
  ownerId: string | null;
}

/**
 * Names and owners are this wing's business: what the master says of a vcluster is shown under the name
 * and the owner of its allocation, and nobody is shown what has none.
 */
export class Views {
  /** Owners of vclusters: asked for with every sample of every node, and never another one. */
  readonly #owners = new Map<string, string>();

  constructor(readonly base: Base) {}

  vcluster(v: Vcluster): View<Vcluster> | null {
    const row = allocationById(this.base.store, v.id);
    const owner = row && personById(this.base.store, row.owner_id);
    if (!row || !owner) return null;
    return { ownerId: owner.id, shown: { ...v, name: row.name, owner: owner.name } };
  }

  /** Operations outlive what they were about. One older than the person's account belongs to a namesake. */
  operation(o: Operation): View<Operation> {
    return { shown: o, ownerId: this.ownerId(o.owner, o.startedAt) };
  }

  ownerId(name: string | null, at: number): string | null {
    const owner = name === null ? null : personByName(this.base.store, name);
    return owner && owner.createdAt <= at ? owner.id : null;
  }

  ownerOfVcluster(id: string): string | null {
    const known = this.#owners.get(id);
    if (known !== undefined) return known;
    const owner = allocationById(this.base.store, id)?.owner_id ?? null;
    if (owner !== null) this.#owners.set(id, owner);
    return owner;
  }

  /** The vcluster is gone. */
  forget(id: string): void {
    this.#owners.delete(id);
  }
}
