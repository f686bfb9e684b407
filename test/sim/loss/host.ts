import type { VclusterOrder } from "../../../src/contracts/worker.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import type { Store } from "../../../src/store/store.ts";
import { Custody, KEEPER_MS } from "../../../src/worker/lease/custody.ts";
import { Lease } from "../../../src/worker/lease/lease.ts";
import type { LeaseFile } from "../../../src/worker/lease/lease-file.ts";
import type { Fact, Fate } from "../../kit/history.ts";
import type { Mutant } from "./mutants.ts";
import type { Desired, Down, Wire } from "./wire.ts";

interface Order {
  node: string;
  term: number;
  generation: number;
  desired: Desired;
  contract: VclusterOrder;
}

/** Rows of holds, as worker.db keeps them: they outlive everything. */
class HoldRows {
  readonly rows = new Map<string, Record<string, unknown>>();
  readonly #tx = {
    run: (sql: string, p: { id: string; did?: string; nodes?: string; at?: number }) => {
      if (sql.startsWith("DELETE")) this.rows.delete(p.id);
      else this.rows.set(p.id, { vcluster: p.id, did: p.did, nodes: p.nodes, at: p.at });
    },
  };
  get store(): Store {
    return {
      all: () => [...this.rows.values()],
      write: (b: (tx: unknown) => unknown) => b(this.#tx),
    } as unknown as Store;
  }
}

/** One machine with its docklet: the lease and the custody are docklet's own, all around them is made up. */
export class SimHost {
  readonly facts: Fact[] = [];
  readonly fates: Fate[] = [];
  readonly nodes = new Map<string, "runs" | "frozen" | "ended">();
  readonly #orders = new Map<string, Order>();
  readonly #highest = new Map<string, [number, number]>();
  readonly #holds = new HoldRows();
  /** On the tmpfs. */
  #file: { until: number; nodes: string[] } | null = null;
  #custody: Custody | null = null;
  wire: Wire | null = null;
  machine: "up" | "asleep" | "off" = "up";
  process: "runs" | "paused" | "dead" = "dead";
  #bootedAt = 0;
  #slept = 0;
  #sleptSince = 0;
  #nextBeat = 0;

  constructor(
    readonly name: string,
    /** Of its clock. */
    readonly rate: number,
    readonly mutant: Mutant | null,
    readonly world: { now: number },
  ) {}

  clock = (): number => {
    const asleep = this.mutant === "monotonic clock" ? this.#slept : 0;
    return Math.round((this.world.now - this.#bootedAt - asleep) * this.rate);
  };

  start(): void {
    if (this.machine !== "up" || this.process === "runs") return;
    this.process = "runs";
    const fresh = this.mutant === "restart forgets the lease" ? this.clock() + 10_000 : (this.#file?.until ?? null);
    const lease = new Lease(this.clock, fresh);
    this.#custody = new Custody({
      store: this.#holds.store,
      lease,
      file: {
        write: (until: number, _: number, f: { file: string }[]) => {
          this.#file = { until, nodes: f.map((x) => x.file) };
        },
      } as unknown as LeaseFile,
      now: () => this.world.now,
      log: silentLogger,
      orders: () => [...this.#orders.values()].map((o) => o.contract),
      freezers: (orders) => orders.map((o) => ({ file: o.id, frozen: "" })),
      settle: (id) => this.#settle(id),
      keep: () => {},
      machine: null,
    });
    this.#custody.onLapse(() => this.hangUp());
    this.#custody.look();
    for (const id of this.#orders.keys()) this.#settle(id);
  }

  kill(): void {
    this.process = "dead";
    this.#custody = null;
    this.hangUp();
  }

  powerOff(): void {
    this.kill();
    this.machine = "off";
    this.fates.push({ host: this.name, what: "died", at: this.world.now });
    for (const [id, s] of this.nodes) if (s !== "ended") this.nodes.set(id, "ended");
    this.#file = null;
  }

  powerOn(): void {
    this.machine = "up";
    this.#bootedAt = this.world.now - 1_000;
    this.#slept = 0;
    // What it finds dead has ended, says docklet when it looks.
    for (const [id, s] of this.nodes) if (s === "ended" && this.#isOpen(id)) this.#write(id, "ended");
    this.start();
  }

  sleep(): void {
    this.machine = "asleep";
    this.#sleptSince = this.world.now;
    this.fates.push({ host: this.name, what: "slept", at: this.world.now });
  }

  wake(): void {
    this.machine = "up";
    this.#slept += this.world.now - this.#sleptSince;
    this.fates.push({ host: this.name, what: "woke", at: this.world.now });
    if (this.process === "dead") this.start();
  }

  hangUp(): void {
    if (this.wire) this.wire.workerOpen = false;
    this.wire = null;
  }

  /** docklet's half second. */
  tick(): void {
    if (this.process === "runs") this.#custody!.look();
  }

  /** The shell that freezes when docklet does not. */
  keep(): void {
    if (
      this.mutant === "no keeper" ||
      !this.#file ||
      this.clock() < Math.ceil((this.#file.until + KEEPER_MS) / 1000) * 1000
    )
      return;
    for (const id of this.#file.nodes) if (this.nodes.get(id) === "runs") this.#become(id, "frozen");
  }

  /** Its next question, if it is time. */
  beat(): { held: number; asked: number } | null {
    if (this.clock() < this.#nextBeat) return null;
    this.#nextBeat = this.clock() + 1_600;
    return { held: this.#custody!.length, asked: this.clock() };
  }

  hear(m: Down): void {
    const asked = (at: number) => (this.mutant === "start after send" ? this.clock() : at);
    if (m.type === "welcome") {
      this.#nextBeat = 0;
      this.#custody!.connected(asked(this.wire!.asked), m.lease);
      if (this.mutant === "thaw without word") for (const id of this.#orders.keys()) this.#release(id);
    } else if (m.type === "beat") this.#custody!.renewed(asked(m.asked), m.lease);
    else this.#take(m);
  }

  /** What is left here and was to go: told to the master whenever it connects. */
  reports(): { node: string; generation: number; state: "gone" | "here" }[] {
    return [...this.#orders.values()].map((o) => ({
      node: o.node,
      generation: o.generation,
      state: this.nodes.has(o.node) ? "here" : "gone",
    }));
  }

  #take(m: Extract<Down, { type: "order" }>): void {
    const [term, generation] = this.#highest.get(m.node) ?? [0, 0];
    const stale = m.term < term || (m.term === term && m.generation < generation);
    if (stale && this.mutant !== "ignores generations") return;
    this.#highest.set(m.node, [m.term, m.generation]);
    const desired = m.desired;
    const contract = {
      id: m.node,
      term: m.term,
      generation: m.generation,
      onHostLoss: m.policy,
      nodes: [{ id: m.node, desired }],
    } as unknown as VclusterOrder;
    this.#orders.set(m.node, { node: m.node, term: m.term, generation: m.generation, desired, contract });
    if (this.mutant === "old words count") this.#release(m.node);
    this.#custody!.word(contract);
    this.#settle(m.node);
  }

  #release(id: string): void {
    this.#holds.rows.delete(id);
    this.#custody!.forget(id);
    this.#settle(id);
  }

  #settle(id: string): void {
    const order = this.#orders.get(id)!;
    const state = this.nodes.get(id);
    const held = order.desired === "running" ? (this.#custody?.holds(id) ?? null) : null;
    if (held === "freeze") {
      if (state === "runs") this.#become(id, "frozen");
    } else if (held === "stop" || order.desired === "stopped") {
      if (state === "runs" || state === "frozen") this.#become(id, "ended");
    } else if (order.desired === "running") {
      if (state !== "runs") this.#become(id, "runs");
    } else if (state !== undefined) {
      this.#write(id, "deleted");
      this.nodes.delete(id);
    }
  }

  #isOpen(id: string): boolean {
    const last = this.facts.findLast((f) => f.node === id)?.what;
    return last === "started" || last === "thawed" || last === "frozen";
  }

  #become(id: string, next: "runs" | "frozen" | "ended"): void {
    const before = this.nodes.get(id);
    this.nodes.set(id, next);
    this.#write(id, next === "runs" ? (before === "frozen" ? "thawed" : "started") : next);
  }

  #write(node: string, what: Fact["what"]): void {
    const { term, generation } = this.#orders.get(node)!;
    this.facts.push({ host: this.name, node, what, at: this.world.now, term, generation });
  }

  /** Removes what nobody spoke of: only a mutant does. */
  tidy(): void {
    if (this.mutant !== "deletes what it does not know") return;
    for (const [id, o] of this.#orders)
      if (o.desired === "stopped" && this.nodes.get(id) === "ended") {
        this.#write(id, "deleted");
        this.nodes.delete(id);
      }
  }
}
