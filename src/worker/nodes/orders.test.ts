import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStoreOf, orderOf } from "../../../test/kit/worker-parts.ts";
import type { VclusterOrder } from "../../contracts/worker.ts";
import { digestOf } from "../../lib/digest.ts";
import type { Store } from "../../store/store.ts";
import { Orders } from "./orders.ts";

let dir: string;
let store: Store;
let orders: Orders;
const reopen = () => {
  store?.close();
  store = openStoreOf("worker", join(dir, "worker.db"));
  orders = new Orders(store);
};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docklet-orders-"));
  reopen();
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true });
});

const numbered = (term: number, generation: number) => orderOf(["running"], { term, generation });
const stale = expect.objectContaining({ code: "stale_order", message: expect.stringContaining("vclusa") });

for (const again of [false, true]) {
  test(`an older order is refused, the same and a newer one are taken${again ? ", after a restart too" : ""}`, () => {
    orders.accept(numbered(2, 5));
    if (again) reopen();
    for (const [term, generation] of [
      [2, 4],
      [1, 9],
    ] as const)
      expect(() => orders.accept(numbered(term, generation))).toThrow(stale);
    expect(orders.get("vclusa")).toEqual(numbered(2, 5));
    for (const [term, generation] of [
      [2, 5],
      [2, 6],
      [3, 1],
    ] as const) {
      orders.accept(numbered(term, generation));
      expect(orders.get("vclusa")).toEqual(numbered(term, generation));
    }
    expect(() => orders.accept(numbered(2, 6))).toThrow(stale);
  });

  test(`a finished vcluster is forgotten, its number is not${again ? ", after a restart too" : ""}`, () => {
    orders.accept(numbered(1, 7));
    orders.finish("vclusa");
    if (again) reopen();
    expect(orders.get("vclusa")).toBeUndefined();
    expect(orders.all()).toEqual([]);
    expect(() => orders.accept(numbered(1, 6))).toThrow(stale);
    orders.accept(numbered(1, 7));
    expect(orders.all()).toHaveLength(1);
  });
}

test("vclusters do not touch each other; finishing an unknown one is nothing", () => {
  orders.accept(numbered(1, 9));
  orders.accept(orderOf([], { id: "vclusb" }));
  orders.finish("nobody");
  reopen();
  expect(orders.all().map((o) => o.id)).toEqual(["vclusa", "vclusb"]);
});

test("an order that could not be written down is not remembered", () => {
  orders.accept(numbered(1, 1));
  store.get("PRAGMA query_only = ON");
  expect(() => orders.accept(numbered(1, 2))).toThrow();
  expect(orders.get("vclusa")!.generation).toBe(1);
});

test("an order that both sides have takes the newer term by being compared, and older ones are refused from then on", () => {
  const mark = (order: VclusterOrder) => [{ vcluster: order.id, digest: digestOf({ ...order, term: 0 }) }];
  const same = mark(numbered(9, 5));
  expect(orders.agree(2, same)).toEqual(new Set());
  orders.accept(numbered(2, 5));
  expect(orders.agree(3, mark(numbered(3, 6)))).toEqual(new Set());
  expect(orders.get("vclusa")).toEqual(numbered(2, 5));
  expect(orders.agree(3, same)).toEqual(new Set(["vclusa"]));
  reopen();
  expect(orders.get("vclusa")).toEqual(numbered(3, 5));
  expect(() => orders.accept(numbered(2, 6))).toThrow(stale);
  // A master of an older term is told nothing good.
  expect(orders.agree(2, same)).toEqual(new Set());
  orders.finish("vclusa");
  expect(orders.agree(4, same)).toEqual(new Set());
});
