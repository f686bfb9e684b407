import type { VclusterOrder } from "../../contracts/worker.ts";
import type { Store, Tx } from "../../store/store.ts";

export type RunFact = "started" | "ended" | "frozen" | "thawed" | "deleted";
type By = Pick<VclusterOrder, "id" | "term" | "generation">;

/** Rows that are kept; older ones go. */
const KEPT = 20_000;

interface Timepiece {
  now(): number;
  boot(): number;
  bootId: string;
}

/**
 * When each node ran on this host, and by which order: what shows afterwards that no node ever ran on two hosts at a
 * time. A start is on disk before anything is started, an end after nothing of it is left.
 */
export class Runs {
  /** What was last written of each node that runs here, as far as that is known. */
  readonly #open = new Map<string, "started" | "frozen" | "thawed">();

  constructor(
    private readonly store: Store,
    private readonly time: Timepiece,
  ) {
    for (const r of store.all<{ node: string; what: RunFact }>(
      "SELECT node, what FROM runs WHERE seq IN (SELECT max(seq) FROM runs GROUP BY node)",
    )) {
      if (r.what !== "ended" && r.what !== "deleted") this.#open.set(r.node, r.what);
    }
  }

  isOpen(node: string): boolean {
    return this.#open.has(node);
  }

  /** Within the write that makes the container the node's. */
  startIn(tx: Tx, node: string, by: By): void {
    if (this.#open.has(node)) return;
    this.#insert(tx, node, "started", by);
    tx.afterCommit(() => this.#open.set(node, "started"));
  }

  started(node: string, by: By): void {
    if (!this.#open.has(node)) this.#write(node, "started", by);
  }

  frozen(node: string, by: By): void {
    if (this.#open.get(node) !== "frozen") this.#write(node, "frozen", by);
  }

  thawed(node: string, by: By): void {
    if (this.#open.get(node) === "frozen") this.#write(node, "thawed", by);
  }

  ended(node: string, by: By): void {
    if (this.#open.has(node)) this.#write(node, "ended", by);
  }

  deleted(node: string, by: By): void {
    this.#write(node, "deleted", by);
  }

  #write(node: string, what: RunFact, by: By): void {
    this.store.write((tx) => this.#insert(tx, node, what, by));
    if (what === "ended" || what === "deleted") this.#open.delete(node);
    else this.#open.set(node, what);
  }

  #insert(tx: Tx, node: string, what: RunFact, by: By): void {
    const { time } = this;
    const row = tx.get<{ seq: number }>(
      `INSERT INTO runs (node, vcluster, what, term, generation, boot, ms, at)
       VALUES ($node, $vcluster, $what, $term, $generation, $boot, $ms, $at) RETURNING seq`,
      {
        node,
        vcluster: by.id,
        what,
        term: by.term,
        generation: by.generation,
        boot: time.bootId,
        ms: time.boot(),
        at: time.now(),
      },
    )!;
    if (row.seq % 1000 === 0) tx.run("DELETE FROM runs WHERE seq <= $old", { old: row.seq - KEPT });
  }
}
