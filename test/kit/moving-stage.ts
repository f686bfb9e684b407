import type { Operation, Vcluster } from "../../src/contracts/public/index.ts";
import type { VclusterOrder } from "../../src/contracts/worker.ts";
import { until } from "../../src/lib/retry.ts";
import type { FakeOptions, FakeWorker } from "./fake-worker.ts";
import { CAUSE, Stage, WAIT } from "./master-stage.ts";

/** Nodes that live somewhere: what a process of the node would do that runs there. */
const LIVE = new Set(["booting", "ready", "stopping"]);

/**
 * Several hosts, and somebody who watches every order and every step of every node: at most one host may ever be told
 * to run a node, and it may live on one host only.
 */
export class MovingStage extends Stage {
  readonly broken: string[] = [];

  constructor(
    workers: FakeOptions[] = ["alpha", "beta", "gamma"].map((name, i) => ({ name, address: `192.0.2.${i + 1}` })),
  ) {
    super(workers);
    for (const w of this.workers) {
      w.subscribe(() => this.#look());
      const apply = w.misbehave.apply;
      w.misbehave.apply = (order: VclusterOrder) => {
        this.#look();
        return apply(order);
      };
    }
  }

  on(name: string): FakeWorker {
    return this.workers.find((w) => w.name === name)!;
  }

  /** A vcluster whose nodes are all on one host. */
  async madeOn(host: string, more: Parameters<Stage["made"]>[0] = {}): Promise<Vcluster> {
    const others = this.workers.map((w) => w.name).filter((n) => n !== host);
    for (const name of others) await this.api.patchHost({ ...CAUSE, name, cordoned: true });
    const vc = await this.made({ nodes: 1, ...more });
    for (const name of others) await this.api.patchHost({ ...CAUSE, name, cordoned: false });
    return vc;
  }

  move(vc: Vcluster, to?: string, nodes?: string[]): Promise<Operation> {
    return this.api.move({ ...CAUSE, id: vc.id, to, nodes });
  }

  async hostsOf(vc: Vcluster): Promise<(string | null)[]> {
    return (await this.api.vcluster(vc.id))!.nodes.map((n) => n.host);
  }

  /** What the node wrote, on the host that it is on. */
  content(node: string, host: string): string | undefined {
    return this.on(host).volumes.disks.get(node)?.content;
  }

  write(node: string, host: string, text: string): void {
    this.on(host).volumes.disks.get(node)!.content += text;
  }

  phase(node: string): string | null {
    return this.store.get<{ phase: string }>("SELECT phase FROM moves WHERE node = $node", { node })?.phase ?? null;
  }

  async reaches(node: string, ...phases: string[]): Promise<void> {
    await until(`${node} is ${phases}`, () => phases.includes(this.phase(node) ?? "over"), WAIT);
  }

  /** What moves may leave behind nowhere: pictures, half ones, disks that nobody named, rows. */
  async clean(): Promise<void> {
    const left = () =>
      this.workers.flatMap((w) => [
        ...[...w.volumes.pictures]
          .filter(([v, all]) => v.startsWith("disk") && all.size > 0)
          .map(([v]) => `${w.name} ${v}`),
        ...[...w.volumes.parts.keys()].filter((v) => v.startsWith("disk")).map((v) => `${w.name} part of ${v}`),
        ...[...w.volumes.waiting].map((v) => `${w.name} unnamed ${v}`),
      ]);
    const rows = () =>
      ["moves", "copies", "picture_removals"].flatMap((t) => this.store.all(`SELECT '${t}' AS t, * FROM ${t}`));
    await until("nothing is left behind", () => left().length === 0 && rows().length === 0, WAIT).catch(() => {
      throw new Error(`left behind: ${JSON.stringify([left(), rows()])}`);
    });
  }

  override audit(): void {
    super.audit();
    if (this.broken.length > 0) throw new Error(this.broken.join("\n"));
  }

  #look(): void {
    const told = new Map<string, string[]>();
    const living = new Map<string, string[]>();
    for (const w of this.workers) {
      for (const n of w.nodes.values()) {
        if (n.desired === "running") told.set(n.id, [...(told.get(n.id) ?? []), w.name]);
        if (LIVE.has(n.state)) living.set(n.id, [...(living.get(n.id) ?? []), w.name]);
      }
    }
    for (const [what, hosts] of [
      ["told to run", told],
      ["lives", living],
    ] as const)
      for (const [id, at] of hosts) if (at.length > 1) this.broken.push(`${id} ${what} on ${at}`);
  }
}
