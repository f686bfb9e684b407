import { type OrderMark, VclusterOrder } from "../../contracts/worker.ts";
import { digestOf } from "../../lib/digest.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Store } from "../../store/store.ts";

interface OrderRow {
  vcluster: string;
  term: number;
  generation: number;
  body: string | null;
}

/** The newest order of every vcluster, on disk before anything is done about it. */
export class Orders {
  readonly #orders = new Map<string, VclusterOrder>();
  readonly #highest = new Map<string, { term: number; generation: number }>();

  constructor(private readonly store: Store) {
    for (const row of store.all<OrderRow>("SELECT * FROM orders")) {
      this.#highest.set(row.vcluster, row);
      if (row.body) this.#orders.set(row.vcluster, VclusterOrder.parse(JSON.parse(row.body)));
    }
  }

  all(): VclusterOrder[] {
    return [...this.#orders.values()];
  }

  get(vcluster: string): VclusterOrder | undefined {
    return this.#orders.get(vcluster);
  }

  /** Throws `stale_order` for anything older than what is known; the same again is fine. */
  accept(order: VclusterOrder): void {
    const known = this.#highest.get(order.id);
    if (known && (order.term < known.term || (order.term === known.term && order.generation < known.generation))) {
      throw new DockletError(
        "stale_order",
        `Order ${order.term}.${order.generation} for vcluster ${order.id} is older than ${known.term}.${known.generation}.`,
      );
    }
    this.#put(order.id, order.term, order.generation, order);
  }

  /** Ids of those that are here as they should be, and of no newer term: all of them are of this term now, by one write. */
  agree(term: number, marks: OrderMark[]): Set<string> {
    const same = marks.flatMap(({ vcluster, digest }) => {
      const order = this.#orders.get(vcluster);
      return order && order.term <= term && digestOf({ ...order, term: 0 }) === digest ? [order] : [];
    });
    const older = same.filter((o) => o.term < term);
    if (older.length > 0) {
      this.store.write((tx) => {
        for (const o of older)
          tx.run("UPDATE orders SET term = $term, body = $body WHERE vcluster = $id", {
            id: o.id,
            term,
            body: JSON.stringify({ ...o, term }),
          });
      });
    }
    for (const o of older) {
      this.#highest.set(o.id, { term, generation: o.generation });
      this.#orders.set(o.id, { ...o, term });
    }
    return new Set(same.map((o) => o.id));
  }

  /** Nothing of the vcluster is here any more. Its number stays. */
  finish(vcluster: string): void {
    const known = this.#highest.get(vcluster);
    if (known) this.#put(vcluster, known.term, known.generation, null);
  }

  #put(vcluster: string, term: number, generation: number, order: VclusterOrder | null): void {
    this.store.write((tx) =>
      tx.run(
        "INSERT INTO orders VALUES ($vcluster, $term, $generation, $body) ON CONFLICT (vcluster) DO UPDATE SET term = $term, generation = $generation, body = $body",
        {
          vcluster,
          term,
          generation,
          body: order ? JSON.stringify(order) : null,
        },
      ),
    );
    this.#highest.set(vcluster, { term, generation });
    if (order) this.#orders.set(vcluster, order);
    else this.#orders.delete(vcluster);
  }
}
