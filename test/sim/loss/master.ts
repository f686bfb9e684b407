import type { Commit } from "../../../src/master/change.ts";
import { Leases, MARGIN_MS } from "../../../src/master/losses/leases.ts";
import type { Reader } from "../../../src/store/store.ts";
import type { Dice } from "./dice.ts";
import type { Mutant } from "./mutants.ts";
import type { Desired, Down, Policy, Up, Wire } from "./wire.ts";

interface Row {
  host: string;
  generation: number;
  desired: Desired;
  policy: Policy;
  /** Its host may still believe that it is to be kept. */
  kept: boolean;
  /** Hosts that must let go of it. */
  copies: Set<string>;
}

const LEASE = 10_000;

/** A master: who has a lease is docklet's own, rows and connections are made up. */
export class SimMaster {
  readonly rows = new Map<string, Row>();
  readonly gone: { host: string; node: string }[] = [];
  readonly #wires = new Map<string, Wire>();
  /** On disk. */
  readonly #leaseMs = new Map<string, number>();
  readonly #sent = new Map<string, Extract<Down, { type: "order" }>[]>();
  readonly #greeted = new Set<string>();
  #term = 0;
  #leases!: Leases;
  process: "runs" | "paused" | "dead" = "dead";

  constructor(
    readonly hosts: readonly string[],
    readonly rate: number,
    readonly mutant: Mutant | null,
    readonly world: { now: number },
    readonly dice: Dice,
  ) {}

  clock = (): number => Math.round(this.world.now * this.rate);

  start(): void {
    this.process = "runs";
    this.#term++;
    const db = { get: (_: string, p: { host: string }) => ({ lease_ms: this.#leaseMs.get(p.host) ?? 0 }) };
    const run = (_: string, p: { host: string; ms: number }) => this.#leaseMs.set(p.host, p.ms);
    this.#leases = new Leases({
      db: db as unknown as Reader,
      commit: ((body: (c: unknown) => unknown) => body({ tx: { run } })) as unknown as Commit,
      length: LEASE,
      margin: this.mutant === "no margin" ? -LEASE * 0.05 : MARGIN_MS,
      boot: this.clock,
    });
    this.#leases.start();
    if (this.mutant !== "master forgets whom it answered") return;
    const remaining = this.#leases.remaining.bind(this.#leases);
    this.#leases.remaining = (host) => (this.#greeted.has(host) ? remaining(host) : 0);
    this.#greeted.clear();
  }

  kill(): void {
    this.process = "dead";
    for (const w of this.#wires.values()) w.masterOpen = false;
    this.#wires.clear();
  }

  add(node: string, host: string, policy: Policy): void {
    this.rows.set(node, { host, generation: 1, desired: "running", policy, kept: false, copies: new Set() });
    this.#tell(node);
  }

  /** Somebody wishes something else for when the host is lost. */
  wish(node: string, policy: Policy): void {
    const row = this.rows.get(node)!;
    if (row.policy.nodes === "keep" && policy.nodes !== "keep") row.kept = true;
    row.policy = policy;
    this.change(node);
  }

  /** Somebody changes something about it, or what it should be. */
  change(node: string, desired?: Desired): void {
    const row = this.rows.get(node)!;
    row.generation++;
    if (desired) row.desired = desired;
    this.#tell(node);
  }

  /** An order of long ago, as a master would give it that was thought dead: older than what the host has heard. */
  strayFrom(host: string): void {
    const wire = this.#wires.get(host);
    const stray = this.#sent.get(host)?.find((o) => (wire?.newest.get(o.node) ?? 0) > o.generation);
    if (wire && stray) wire.send(wire.down, stray, this.world.now, this.dice);
  }

  connected(host: string): boolean {
    return this.#wires.has(host);
  }

  hangUp(host: string): void {
    const wire = this.#wires.get(host);
    if (wire) wire.masterOpen = false;
    this.#wires.delete(host);
  }

  hear(wire: Wire, m: Up): void {
    const { host } = wire;
    if (m.type === "hello") {
      this.hangUp(host);
      this.#wires.set(host, wire);
      this.#greeted.add(host);
      const lease = this.#leases.greeted(host);
      wire.send(wire.down, { type: "welcome", lease }, this.world.now, this.dice);
      for (const node of this.rows.keys()) this.#order(node, host);
    } else if (this.#wires.get(host) !== wire) return;
    else if (m.type === "beat") {
      const lease = this.#leases.beat(host, m.held);
      wire.send(wire.down, { type: "beat", lease, asked: m.asked }, this.world.now, this.dice);
    } else {
      const row = this.rows.get(m.node);
      if (!row || m.generation < row.generation) return;
      if (m.state === "gone") row.copies.delete(host);
      if (host === row.host) row.kept = false;
    }
  }

  /** docklet's second. */
  tick(): void {
    this.#leases.look();
    for (const [node, row] of this.rows) {
      if (this.connected(row.host) || row.desired !== "running") continue;
      if (row.policy.recover !== "anew" || row.policy.nodes === "keep" || this.#leases.remaining(row.host) !== 0)
        continue;
      if (row.kept && this.mutant !== "a wish counts that the host has not heard") continue;
      const open = this.hosts.filter((h) => h !== row.host && this.connected(h) && !row.copies.has(h));
      if (open.length === 0) continue;
      row.copies.add(row.host);
      this.gone.push({ node, host: row.host });
      row.host = this.dice.pick(open);
      row.kept = false;
      this.change(node);
    }
  }

  #tell(node: string): void {
    for (const host of this.hosts) this.#order(node, host);
  }

  #order(node: string, host: string): void {
    const wire = this.#wires.get(host);
    const row = this.rows.get(node)!;
    const copy = row.copies.has(host);
    if (!wire || (row.host !== host && !copy)) return;
    const desired = row.host === host ? row.desired : this.mutant === "copy is not ordered gone" ? "running" : "gone";
    const { generation, policy } = row;
    const order = { type: "order", node, term: this.#term, generation, desired, policy } as const;
    this.#sent.set(host, [...(this.#sent.get(host) ?? []), order]);
    wire.send(wire.down, order, this.world.now, this.dice);
  }
}
