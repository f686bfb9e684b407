import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { FakeWorker } from "../../../test/kit/fake-worker.ts";
import { HostSite } from "../../../test/kit/host-site.ts";
import { ANN, SIZE, WAIT } from "../../../test/kit/master-stage.ts";
import { DockletError } from "../../lib/errors.ts";
import { until } from "../../lib/retry.ts";
import type { LeaseHolder } from "../lease/custody.ts";

setDefaultTimeout(60_000);
const CAUSE = { actor: "root", requestId: "req0" };

/** Writes down in which order things reach a host, and can end its lease. */
class Book implements LeaseHolder {
  readonly lines: string[] = [];
  readonly #listeners = new Set<() => void>();
  length = 0;
  connected(asked: number, length: number): void {
    this.lines.push("connected");
    this.#keep(asked, length);
  }
  renewed(asked: number, length: number): void {
    this.lines.push("renewed");
    this.#keep(asked, length);
  }
  onLapse(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  lapse(): void {
    this.lines.push("lapse");
    for (const l of [...this.#listeners]) l();
  }
  #asked = 0;
  #keep(asked: number, length: number): void {
    if (asked < this.#asked) this.lines.push("a question of before was answered");
    this.#asked = asked;
    this.length = length;
  }
}

let s: HostSite;
let worker: FakeWorker;
let book: Book;
beforeEach(async () => {
  s = await new HostSite().up();
  worker = new FakeWorker({ name: "beta" });
  book = new Book();
  // Orders are sent, and not only compared: so it is with what was held.
  worker.misbehave.compare = () => {
    throw new DockletError("not_found", "There is no such method.");
  };
  worker.misbehave.apply = (order) => {
    book.lines.push(`order ${order.id}`);
  };
  const served = { worker, runs: () => true, lease: () => book };
  await s.remote.connect(s.master, "beta", worker, { served });
  await s.become("beta", "ready");
});
afterEach(() => s.down());

test("the lease is there before the first order, and beats renew it", async () => {
  const request = { ...CAUSE, id: "vcaaaa", owner: ANN, name: "web", image: "mini", nodes: 1, size: SIZE };
  await s.master.api.create(request);
  await until("an order and a beat", () => ["renewed", "order vcaaaa"].every((l) => book.lines.includes(l)), WAIT);
  expect(book.lines[0]).toBe("connected");
  expect(book.lines).not.toContain("a question of before was answered");
  expect(s.store.get("SELECT lease_ms FROM members")).toEqual({ lease_ms: 30_000 });
});

test("when it ends the connection ends, and the orders of the next one come after the next lease", async () => {
  const request = { ...CAUSE, id: "vcaaaa", owner: ANN, name: "web", image: "mini", nodes: 1, size: SIZE };
  await s.master.api.create(request);
  await until("the order", () => book.lines.includes("order vcaaaa"), WAIT);
  book.lapse();
  const at = book.lines.length;
  await until("the order again", () => book.lines.slice(at).includes("order vcaaaa"), WAIT);
  expect(book.lines[at]).toBe("connected");
});
