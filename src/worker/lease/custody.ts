import type { LossReport, VclusterOrder } from "../../contracts/worker.ts";
import type { Logger } from "../../lib/log.ts";
import type { Store } from "../../store/store.ts";
import type { Lease } from "./lease.ts";
import type { Freezer, LeaseFile } from "./lease-file.ts";

export type Did = LossReport["did"];

interface Hold {
  did: Did;
  nodes: string[];
  at: number;
}

/** A node is given this long to halt by itself, and then some: only after it does the keeper freeze what is left. */
export const KEEPER_MS = 10_000;

/** What the connection to the master has to do with the lease. */
export interface LeaseHolder {
  /** ms, as given last; 0: there has been none. */
  readonly length: number;
  connected(asked: number, length: number): void;
  renewed(asked: number, length: number): void;
  onLapse(listener: () => void): () => void;
}

export interface CustodyParts {
  store: Store;
  /** null: this host's master is in this very process, and can't be lost. */
  lease: Lease | null;
  file: LeaseFile;
  now: () => number;
  log: Logger;
  orders: () => VclusterOrder[];
  /** Freezers of the nodes of these vclusters that are here. */
  freezers: (orders: VclusterOrder[]) => Freezer[];
  /** What should be of this vcluster is different now. */
  settle: (vcluster: string) => void;
  /** Sees to it that the keeper watches the file. */
  keep: () => void;
  /** Tells this machine from others; null: it can't be told. */
  machine: string | null;
}

/**
 * What this host may do with nodes without its master. While the lease runs: everything that was ordered. After it,
 * nodes are kept, frozen or stopped as their vcluster wants it, and that is written down before it is done. It stays so,
 * over restarts of docklet and of the machine, until the master has said of the vcluster again what it should be, on a
 * connection of which this host has a lease.
 */
export class Custody implements LeaseHolder {
  readonly #holds = new Map<string, Hold>();
  readonly #lapsed = new Set<() => void>();
  #wasOver = false;
  #newHere = false;

  constructor(private readonly parts: CustodyParts) {
    const rows = parts.store.all<{ vcluster: string; did: Did; nodes: string; at: number }>(
      "SELECT * FROM lease_holds",
    );
    for (const { vcluster, did, nodes, at } of rows)
      this.#holds.set(vcluster, { did, nodes: JSON.parse(nodes) as string[], at });
    this.#lookAtMachine();
  }

  /**
   * With another machine around it, this may be a copy of a host's disk: its nodes run where they were. Nothing starts here
   * before the master has let this one in, which it does with one of the two only.
   */
  #lookAtMachine(): void {
    const { lease, machine, store, orders, log } = this.parts;
    if (!lease || machine === null) return;
    const known = store.get<{ value: string }>("SELECT value FROM meta WHERE key = 'machine'")?.value;
    if (known === machine) return;
    this.#newHere = true;
    if (known === undefined) return;
    log.warn("this disk was in another machine: no node starts before the master has said what should be");
    for (const order of orders()) this.#take(order, "stop");
  }

  /** What must be done with nodes that should run; null: they may. */
  holds(vcluster: string): Did | null {
    this.look();
    return this.#holds.get(vcluster)?.did ?? null;
  }

  /** Has the lease ended? Then whatever that means is done. Called every second, and before anything depends on it. */
  look(): void {
    const { lease, log } = this.parts;
    if (!lease?.isOver()) return;
    if (!this.#wasOver) {
      this.#wasOver = true;
      // One that has just started has had none yet.
      if (lease.length > 0)
        log.warn("the lease from the master has ended: nodes are kept, frozen or stopped as their owners chose");
      for (const listener of this.#lapsed) listener();
    }
    for (const order of this.parts.orders()) this.#take(order);
  }

  /** The connection to the master must end then: what it still brings was said before. */
  onLapse(listener: () => void): () => void {
    this.#lapsed.add(listener);
    return () => this.#lapsed.delete(listener);
  }

  /** A connection has come about; its first question was asked at `asked` and answered with a lease of `length`. */
  connected(asked: number, length: number): void {
    const { lease } = this.parts;
    // What ended meanwhile has ended, also when nobody has looked since.
    this.look();
    lease?.begin(asked, length);
    if (this.#newHere) {
      this.#newHere = false;
      const { machine } = this.parts;
      this.parts.store.write((tx) =>
        tx.run("INSERT INTO meta VALUES ('machine', $machine) ON CONFLICT (key) DO UPDATE SET value = $machine", {
          machine,
        }),
      );
    }
    this.#wasOver = false;
    this.look();
    this.write();
  }

  renewed(asked: number, length: number): void {
    this.look();
    this.parts.lease?.renew(asked, length);
    this.write();
  }

  /** ms since the end of the lease; negative while it runs. */
  endedSince(): number {
    return this.parts.lease?.since ?? Number.NEGATIVE_INFINITY;
  }

  /** ms; 0: there has been no lease. */
  get length(): number {
    return this.parts.lease?.length ?? 0;
  }

  /**
   * The master has said what this vcluster should be. With a lease that is its word, and what was held is let go; an
   * order that arrives when the lease has ended may be of long ago, and something else may be true by now.
   */
  word(order: VclusterOrder): void {
    const { lease, store } = this.parts;
    this.look();
    if (lease?.isOver()) return;
    if (this.#holds.has(order.id)) {
      store.write((tx) => tx.run("DELETE FROM lease_holds WHERE vcluster = $id", { id: order.id }));
      this.#holds.delete(order.id);
    }
    if (order.onHostLoss.nodes !== "keep") this.write();
  }

  /** Nothing of it is here any more. */
  forget(vcluster: string): void {
    if (!this.#holds.delete(vcluster)) return;
    this.parts.store.write((tx) => tx.run("DELETE FROM lease_holds WHERE vcluster = $id", { id: vcluster }));
  }

  /** Before a node begins to run: from then on the keeper must know of it. */
  write(): void {
    const { lease, file, orders, freezers, keep } = this.parts;
    if (!lease) return;
    const watched = orders().filter((o) => o.onHostLoss.nodes !== "keep");
    file.write(lease.until, KEEPER_MS, freezers(watched));
    if (watched.length > 0) keep();
  }

  reports(): LossReport[] {
    return [...this.#holds].map(([vcluster, h]) => ({ type: "loss", vcluster, ...h }));
  }

  #take(order: VclusterOrder, did: Did | "keep" = order.onHostLoss.nodes): void {
    if (did === "keep" || this.#holds.has(order.id)) return;
    const nodes = order.nodes.filter((n) => n.desired === "running").map((n) => n.id);
    if (nodes.length === 0) return;
    const at = this.parts.now();
    this.#holds.set(order.id, { did, nodes, at });
    try {
      this.parts.store.write((tx) =>
        tx.run("INSERT OR REPLACE INTO lease_holds VALUES ($id, $did, $nodes, $at)", {
          id: order.id,
          did,
          nodes: JSON.stringify(nodes),
          at,
        }),
      );
    } catch (err) {
      // A full disk does not give a node the right to run.
      this.parts.log.error({ err, vcluster: order.id }, "the end of the lease could not be written down");
    }
    this.parts.settle(order.id);
  }
}
