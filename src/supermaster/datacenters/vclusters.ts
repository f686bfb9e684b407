import type { z } from "zod";
import {
  type Action,
  DEFAULT_SIZE,
  type OnHostLoss,
  type Operation,
  type PlacementWish,
  type Vcluster,
  type VclusterCreate,
  type VclusterMove,
  type VclusterPatch,
  type VclusterScale,
} from "../../contracts/public/index.ts";
import { DockletError, isDocklet } from "../../lib/errors.ts";
import { shortId } from "../../lib/ids.ts";
import { KeyedMutex } from "../../lib/mutex.ts";
import { theirs } from "../accounts/actor.ts";
import type { Owners } from "../accounts/owners.ts";
import { type Person, personByName } from "../accounts/person.ts";
import { can, demand } from "../accounts/policy.ts";
import type { Ask } from "../api/ask.ts";
import { record } from "../audit/audit.ts";
import type { Base } from "../base.ts";
import { type Allocation, activate, allocationByName, grow, rename, reserve, sizeOf } from "../quotas/allocations.ts";
import { pleasantName } from "../quotas/names.ts";
import type { GrantEnds } from "../workspaces/grants.ts";
import { Settlement } from "./settlement.ts";
import { Views } from "./views.ts";

/** A vcluster that somebody was allowed to touch. */
export interface Found {
  row: Allocation;
  owner: Person;
}

/** People's vclusters: names, quota and rights here; everything else at the master. */
export class Vclusters {
  readonly #busy = new KeyedMutex<string>();
  readonly settlement: Settlement;
  readonly views: Views;

  constructor(
    readonly base: Base,
    readonly owners: Owners,
    ends: GrantEnds,
  ) {
    this.settlement = new Settlement(base, this.#busy, ends);
    this.views = new Views(base);
  }

  /** The vcluster of that name, if the one who asks may do `action` with it. */
  find(ask: Ask, action: Action, name: string, ownerName: string | undefined): Found {
    const me = theirs(ask.actor).person;
    const owner = ownerName === undefined || ownerName === me.name ? me : personByName(this.base.store, ownerName);
    demand(ask.actor, action, { owner: owner?.id ?? null });
    const row = owner && allocationByName(this.base.store, owner.id, name);
    if (!owner || !row) {
      const whose = owner?.id === me.id ? "You have" : `${ownerName} has`;
      throw new DockletError(
        "not_found",
        `${whose} no vcluster named "${name}".`,
        "List them with GET /api/v1/vclusters.",
      );
    }
    return { row, owner };
  }

  async list(
    ask: Ask,
    query: { owner?: string | undefined; cursor?: string | undefined; limit?: number | undefined },
  ): Promise<{ items: Vcluster[]; next: string | null }> {
    const me = theirs(ask.actor).person;
    const everybody = query.owner === "*";
    const owner = everybody ? null : query.owner ? personByName(this.base.store, query.owner) : me;
    if (query.owner !== undefined) demand(ask.actor, "vcluster.read", { owner: owner?.id ?? null });
    if (!everybody && !owner) return { items: [], next: null };
    const page = await this.base.master.vclusters({
      owner: owner?.name ?? null,
      cursor: query.cursor,
      limit: query.limit ?? 100,
    });
    const seen = page.items.map((v) => this.views.vcluster(v)).filter((v) => v !== null);
    return {
      items: seen.filter((v) => can(ask.actor, "vcluster.read", { owner: v.ownerId })).map((v) => v.shown),
      next: page.next,
    };
  }

  async show({ row }: Found): Promise<Vcluster> {
    const v = await this.base.master.vcluster(row.id);
    const view = v && this.views.vcluster(v);
    if (view) return view.shown;
    throw new DockletError("unavailable", `"${row.name}" is just being made or deleted.`, "Look again in a moment.", {
      retryAfterSeconds: 1,
    });
  }

  async create(ask: Ask, body: z.output<typeof VclusterCreate>): Promise<{ vcluster: Vcluster; operation: Operation }> {
    const { person } = theirs(ask.actor);
    const { store, clock, config } = this.base;
    const nodes = body.nodes ?? 1;
    const size = { ...DEFAULT_SIZE, ...body.size };
    const idemKey = ask.idempotencyKey;
    const again =
      idemKey === null
        ? null
        : store.get<Allocation>("SELECT * FROM allocations WHERE owner_id = ? AND idem_key = ?", [person.id, idemKey]);
    const id = again?.id ?? this.#freshId();
    const name = again?.name ?? body.name ?? pleasantName((n) => allocationByName(store, person.id, n) !== null);
    const image = again?.image ?? body.image ?? config.DEFAULT_IMAGE;
    const made = await this.#busy.run(id, async () => {
      if (!again) {
        const now = clock.now();
        try {
          store.write((tx) =>
            reserve(tx, { id, owner: person, name, image, nodes, size, requestId: ask.requestId, idemKey, now }),
          );
        } catch (e) {
          this.#refused(ask, "vcluster.create", name, person, e);
          throw e;
        }
      }
      const { placement, onHostLoss } = body;
      return await this.#makeAtMaster(ask, person, { id, name, image, nodes, size, placement, onHostLoss });
    });
    this.base.hub.meChanged(person.id);
    this.#settleSoon(id);
    return {
      vcluster: this.views.vcluster(made.vcluster)?.shown ?? made.vcluster,
      operation: this.views.operation(made.operation).shown,
    };
  }

  async #makeAtMaster(
    ask: Ask,
    person: Person,
    wanted: {
      id: string;
      name: string;
      image: string;
      nodes: number;
      size: { cpu: number; memory: number; disk: number };
      placement: PlacementWish | undefined;
      onHostLoss: OnHostLoss | undefined;
    },
  ): Promise<{ vcluster: Vcluster; operation: Operation }> {
    const owner = this.owners.of(this.base.store, person.id)!;
    try {
      const made = await this.base.master.create({ ...wanted, owner, actor: person.name, requestId: ask.requestId });
      this.settlement.confirm(wanted.id);
      return made;
    } catch (e) {
      // Did it fail before or after it was made? Only the master knows; when it can't be asked, the sweep finds out.
      const exists = await this.base.master.vcluster(wanted.id).catch(() => "unknown" as const);
      if (exists === null) this.settlement.release(wanted.id);
      throw e;
    }
  }

  async start(ask: Ask, found: Found): Promise<Operation> {
    return await this.#change(ask, "vcluster.start", found, async (row) => {
      this.base.store.write((tx) => activate(tx, row));
      return await this.base.master.start(this.#ref(ask, row));
    });
  }

  async stop(ask: Ask, found: Found): Promise<Operation> {
    return await this.#change(ask, "vcluster.stop", found, (row) => this.base.master.stop(this.#ref(ask, row)));
  }

  async remove(ask: Ask, found: Found): Promise<Operation> {
    return await this.#change(ask, "vcluster.delete", found, (row) => this.base.master.remove(this.#ref(ask, row)));
  }

  async scale(ask: Ask, found: Found, body: z.output<typeof VclusterScale>): Promise<Operation> {
    return await this.#change(ask, "vcluster.scale", found, async (row) => {
      const size = { ...sizeOf(row), ...body.size };
      // The larger of before and after is taken first; what was too much is given back when it is done.
      if (body.nodes > row.nodes) this.base.store.write((tx) => grow(tx, row, body.nodes - row.nodes, size));
      return await this.base.master.scale({ ...this.#ref(ask, row), nodes: body.nodes, size });
    });
  }

  async move(ask: Ask, found: Found, body: z.output<typeof VclusterMove>): Promise<Operation> {
    return await this.#change(ask, "vcluster.move", found, (row) =>
      this.base.master.move({ ...this.#ref(ask, row), ...body }),
    );
  }

  /** What can be refused comes first: nothing is changed then. */
  async change(ask: Ask, found: Found, body: z.output<typeof VclusterPatch>): Promise<Vcluster> {
    const { name, onHostLoss } = body;
    let shown = name === undefined ? null : await this.rename(ask, found, name);
    if (onHostLoss !== undefined) {
      const changed = await this.#change(ask, "vcluster.on-host-loss", found, (row) =>
        this.base.master.setOnHostLoss({ ...this.#ref(ask, row), onHostLoss }),
      );
      shown = this.views.vcluster(changed)?.shown ?? changed;
    }
    return shown ?? this.show(found);
  }

  async rename(ask: Ask, found: Found, name: string): Promise<Vcluster> {
    const renamed = await this.#change(ask, "vcluster.rename", found, async (row) => {
      this.base.store.write((tx) => rename(tx, row.id, name));
      try {
        return await this.base.master.rename({ ...this.#ref(ask, row), name });
      } catch (e) {
        this.base.store.write((tx) => rename(tx, row.id, row.name));
        throw e;
      }
    });
    return this.views.vcluster(renamed)?.shown ?? renamed;
  }

  /** One change of a vcluster at a time; afterwards its row is brought in step, whatever came of it. */
  async #change<T extends Operation | Vcluster>(
    ask: Ask,
    action: string,
    { row: { id, name }, owner }: Found,
    body: (row: Allocation) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#busy.run(id, async () => {
        // Read again: whoever held it before may have changed or deleted it.
        const row = this.base.store.get<Allocation>("SELECT * FROM allocations WHERE id = ?", [id]);
        if (!row) throw new DockletError("not_found", `The vcluster "${name}" was deleted meanwhile.`, "");
        return await body(row);
      });
    } catch (e) {
      this.#refused(ask, action, name, owner, e);
      throw e;
    } finally {
      this.#settleSoon(id);
    }
  }

  #refused(ask: Ask, action: string, name: string, owner: Person, e: unknown): void {
    if (isDocklet(e, "quota_exceeded")) ask.denied(action, name, e.message, owner.id, owner.name);
  }

  #settleSoon(id: string): void {
    void this.base.master
      .vcluster(id)
      .then((v) => v && this.settlement.settle(v))
      .catch((e: unknown) => this.base.log.debug({ err: e, vcluster: id }, "will be settled by the sweep"));
  }

  /** Notes in the history that somebody went in. */
  noteUse(ask: Ask, { row, owner }: Found, action: string, message: string): void {
    const now = this.base.clock.now();
    this.base.store.write((tx) => record(this.base, tx, now, ask.deed(action, row.name, owner, message)));
  }

  #ref(ask: Ask, row: Allocation) {
    return { id: row.id, actor: theirs(ask.actor).person.name, requestId: ask.requestId };
  }

  #freshId(): string {
    for (;;) {
      const id = shortId();
      if (!this.base.store.get("SELECT 1 FROM allocations WHERE id = ?", [id])) return id;
    }
  }
}
