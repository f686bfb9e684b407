import type { WorkerApi } from "../../contracts/worker.ts";
import type { Store } from "../../store/store.ts";
import type { Change } from "../change.ts";
import { conclude } from "./conclude.ts";
import { MOVE_PACE, type MovePace, Mover, type MoverParts } from "./mover.ts";
import { openMoves } from "./rows.ts";
import { Slots } from "./slots.ts";

/** Nodes that use the wire and the disks of one host at the same time. */
const AT_ONCE = 2;
/** Milliseconds between two words about how far a copy is. */
const TELL_MS = 500;

export interface MovesParts extends Omit<MoverParts, "slots" | "pace" | "progressed" | "db"> {
  store: Store;
  pace?: Partial<MovePace> | undefined;
}

/** All nodes that are on their way to another host. The rows say where each is; this goes on from there. */
export class Moves {
  readonly #movers = new Map<number, { mover: Mover; vcluster: string }>();
  readonly #ends = new Set<Promise<void>>();
  readonly #slots = new Slots(AT_ONCE);
  /** Operations whose progress was not told yet. */
  readonly #untold = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #running = false;

  constructor(private readonly parts: MovesParts) {}

  start(): void {
    this.#running = true;
    this.begun();
    void this.#clearAll();
  }

  async stop(): Promise<void> {
    this.#running = false;
    if (this.#timer) clearTimeout(this.#timer);
    for (const { mover } of this.#movers.values()) mover.stop();
    await Promise.all(this.#ends);
  }

  /** Takes up every move that nobody follows yet. */
  begun(): void {
    if (!this.#running) return;
    for (const { seq, vcluster } of openMoves(this.parts.store))
      if (!this.#movers.has(seq)) this.#follow(seq, vcluster);
  }

  /** After every write: brings operations in step, within the same write. */
  conclude(c: Change): void {
    for (const id of c.moving) conclude(c, id, (m) => this.#movers.get(m.seq)?.mover.live ?? null);
  }

  /** Something was written down, or a host came or went. */
  look(vclusters?: ReadonlySet<string>): void {
    for (const { mover, vcluster } of this.#movers.values()) if (vclusters?.has(vcluster) ?? true) mover.look();
  }

  /** A host is there (again): what was left on it is cleared away. */
  async cameBack(host: string, worker: WorkerApi): Promise<void> {
    this.look();
    await this.#clear(host, worker);
  }

  #follow(seq: number, vcluster: string): void {
    const { store, ...rest } = this.parts;
    const mover = new Mover(
      {
        ...rest,
        db: store,
        slots: this.#slots,
        pace: { ...MOVE_PACE, ...this.parts.pace },
        progressed: (m) => this.#tellSoon(m.operation),
      },
      seq,
    );
    this.#movers.set(seq, { mover, vcluster });
    const end = mover.run().finally(() => {
      this.#movers.delete(seq);
      this.#ends.delete(end);
      if (this.#running) void this.#clearAll();
    });
    this.#ends.add(end);
  }

  /** Rows change with steps, not with bytes. */
  #tellSoon(operation: string): void {
    this.#untold.add(operation);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const ids = [...this.#untold];
      this.#untold.clear();
      if (!this.#running) return;
      try {
        this.parts.commit((c) => {
          for (const id of ids) c.moving.add(id);
        });
      } catch (err) {
        this.parts.log.warn({ err }, "the progress of a move could not be written down");
      }
    }, TELL_MS);
    this.#timer.unref();
  }

  async #clearAll(): Promise<void> {
    const rows = this.parts.store.all<{ host: string }>("SELECT DISTINCT host FROM picture_removals");
    for (const { host } of rows) {
      const worker = this.parts.worker(host);
      if (worker) await this.#clear(host, worker);
    }
  }

  /** Pictures that no move needs any more. */
  async #clear(host: string, worker: WorkerApi): Promise<void> {
    const { store, log } = this.parts;
    const rows = store.all<{ node: string }>("SELECT node FROM picture_removals WHERE host = $host", { host });
    for (const { node } of rows) {
      if (!this.#running) return;
      // A newer move of the same node cleans up for itself when it begins.
      if (
        store.get("SELECT 1 FROM moves WHERE node = $node AND phase IN ('layers','copying','holding','last')", { node })
      )
        continue;
      try {
        await worker.dropPictures({ kind: "disk", id: node });
        if (!this.#running) return;
        store.write((tx) => tx.run("DELETE FROM picture_removals WHERE node = $node AND host = $host", { node, host }));
      } catch (err) {
        log.warn(
          { err, host, node },
          "pictures of a node are not removed yet; it is tried again when the host is back",
        );
      }
    }
  }
}

export type { MovePace };
