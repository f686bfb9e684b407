import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Operation, Vcluster, VclusterCreate } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import { Lab } from "./lab.ts";
import { LabDocklet } from "./lab-docklet.ts";

/** docklet on all hosts of a lab: the first has the portal, the others have joined it, each with a token of its own. */
export class LabCluster {
  private constructor(
    readonly lab: Lab,
    readonly docklets: LabDocklet[],
  ) {}

  /** `lay` puts pools onto the hosts. Settings are the same everywhere. */
  static async up(
    names: string[],
    settings: Record<string, string | number>,
    lay: (prefix: string, name: string) => Promise<void>,
  ): Promise<LabCluster> {
    const cluster = await LabCluster.prepare(names, settings);
    try {
      await cluster.start(lay);
      return cluster;
    } catch (e) {
      await cluster.down();
      throw e;
    }
  }

  /** Hosts on which nothing runs yet. */
  static async prepare(names: string[], settings: Record<string, string | number>): Promise<LabCluster> {
    const lab = await Lab.open(names);
    return new LabCluster(
      lab,
      lab.hosts.map((h) => new LabDocklet(h, settings)),
    );
  }

  async start(lay: (prefix: string, name: string) => Promise<void>): Promise<void> {
    // One after the other: what they copy comes from one disk.
    for (const h of this.lab.hosts) await lay(h.prefix, h.name);
    this.first.serve();
    await this.first.ready();
    for (const d of this.docklets.slice(1)) this.join(d, await this.token());
    for (const d of this.docklets.slice(1)) await this.first.sees(d.host.name);
  }

  /** One more host, on which nothing runs yet. */
  async add(name: string, lay: (prefix: string) => Promise<void>): Promise<LabDocklet> {
    const d = new LabDocklet(await this.lab.add(name), this.first.settings);
    this.docklets.push(d);
    await lay(d.host.prefix);
    return d;
  }

  /** Begins to join: the host comes up with a token in a file. */
  join(d: LabDocklet, token: string): void {
    const file = join(d.host.prefix, "join-token");
    writeFileSync(file, token, { mode: 0o600 });
    d.serve("--role=worker", "--master-ip", this.first.host.address, "--join-file", file);
  }

  async token(...args: string[]): Promise<string> {
    const made = await this.first.cli("join-token", "create", "--role", "worker", "--json", ...args);
    if (made.code !== 0) throw new Error(made.stderr);
    return (JSON.parse(made.stdout) as { text: string }).text;
  }

  get first(): LabDocklet {
    return this.docklets[0]!;
  }
  of(name: string): LabDocklet {
    const d = this.docklets.find((x) => x.host.name === name);
    if (!d) throw new Error(`there is no docklet on ${name}`);
    return d;
  }

  /** Waits for the end of an operation; throws unless it went well. */
  async done(operation: Operation, timeoutMs = 120_000): Promise<void> {
    const op = await until(
      `operation ${operation.kind} of ${operation.object}`,
      async () => {
        const now = await this.first.root.operation({ params: { id: operation.id } });
        return now.endedAt === null ? null : now;
      },
      { timeoutMs, firstMs: 10, maxMs: 200 },
    );
    if (op.state !== "done") throw new Error(`${op.kind} ${op.object}: ${JSON.stringify(op.error)}`);
  }

  async create(wanted: VclusterCreate & { name: string }): Promise<Vcluster> {
    const { operation } = await this.first.root.createVcluster({ body: wanted });
    await this.done(operation, 240_000);
    return this.first.root.vcluster({ params: { name: wanted.name } });
  }

  /** Runs a shell line in a node, by the portal's host; throws unless it succeeds. */
  async shell(node: string, line: string): Promise<string> {
    const said = await this.first.cli("exec", "-n", node, "--", "sh", "-c", line);
    if (said.code !== 0) throw new Error(`${node}: ${line}: ${said.code}\n${said.stdout}\n${said.stderr}`);
    return said.stdout.trim();
  }

  /** Ends everything; throws when something was not wholly removed. */
  async down(): Promise<void> {
    const failed: unknown[] = [];
    for (const d of this.docklets.toReversed()) await d.rest().catch((e) => failed.push(e));
    await this.lab.close();
    if (failed.length > 0) throw new AggregateError(failed, failed.join("; "));
  }
}
