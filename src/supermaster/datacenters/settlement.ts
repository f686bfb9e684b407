import type { Vcluster } from "../../contracts/public/index.ts";
import { messageOf } from "../../lib/errors.ts";
import type { KeyedMutex } from "../../lib/mutex.ts";
import type { Base } from "../base.ts";
import { type Allocation, allocationById, settled, writeTotals } from "../quotas/allocations.ts";
import type { GrantEnds } from "../workspaces/grants.ts";

/** A reservation whose request never came back is looked into after this. One from an earlier life: at once. */
const DOUBT_MS = 60_000;
/** So many rows are compared before others have their turn. */
const SLICE = 50;

/**
 * Keeps what was promised in step with what is. Every way a vcluster can change ends in one of these calls:
 * the answer of the master, one of its frames, or the sweep that finds what a crash left.
 */
export class Settlement {
  readonly #began: number;

  constructor(
    readonly base: Base,
    /** Held per vcluster by whoever is changing it: its row is theirs until they are done. */
    readonly busy: KeyedMutex<string>,
    readonly ends: GrantEnds,
  ) {
    this.#began = base.clock.now();
  }

  /** Takes over what the master says of a vcluster, unless somebody is just changing it. */
  settle(v: Vcluster): void {
    if (this.busy.busy(v.id) || v.operation !== null || v.desired === "deleted") return;
    const row = allocationById(this.base.store, v.id);
    if (!row) return;
    const is = settled(row, v);
    if (!is) return;
    this.#guarded("settle", () => {
      this.base.store.write((tx) => writeTotals(tx, row.id, is));
      this.base.hub.meChanged(row.owner_id);
    });
  }

  confirm(id: string): void {
    this.base.store.write((tx) => tx.run("UPDATE allocations SET state = 'confirmed' WHERE id = ?", [id]));
  }

  /** The vcluster is gone, or never came to be: its share of the quota is free again. */
  release(id: string): void {
    const row = allocationById(this.base.store, id);
    if (!row) return;
    this.#guarded("release", () => {
      this.base.store.write((tx) => {
        this.ends.revoke(tx, "vcluster_id", id);
        tx.run("DELETE FROM allocations WHERE id = ?", [id]);
      });
      this.base.hub.meChanged(row.owner_id);
    });
  }

  /** Compares every row with the master. At start, and every minute. */
  async sweep(): Promise<void> {
    const { store, clock, master, log } = this.base;
    const rows = store.all<Allocation>("SELECT * FROM allocations");
    for (const [i, row] of rows.entries()) {
      // The master answers without waiting for anything: thousands of rows in one go would keep everybody else waiting.
      if (i % SLICE === SLICE - 1) await new Promise((next) => setImmediate(next));
      // Whoever made a reservation before we began died with its request: nobody will come back for it.
      const young = row.created_at >= this.#began && clock.now() - row.created_at < DOUBT_MS;
      if (young || this.busy.busy(row.id)) continue;
      try {
        const v = await master.vcluster(row.id);
        if (this.busy.busy(row.id)) continue;
        if (v) {
          if (row.state === "reserved") this.confirm(row.id);
          this.settle(v);
        } else {
          log.warn(
            { vcluster: row.id, name: row.name, state: row.state },
            "the master has no such vcluster; its quota is released",
          );
          this.release(row.id);
        }
      } catch (e) {
        log.warn({ err: e, vcluster: row.id }, `could not be compared with the master: ${messageOf(e)}`);
        return;
      }
    }
  }

  /** A full disk must not break the stream of frames: the sweep tries again. */
  #guarded(what: string, body: () => void): void {
    try {
      body();
    } catch (e) {
      this.base.log.error({ err: e }, `could not ${what} an allocation; the sweep tries again`);
    }
  }
}
