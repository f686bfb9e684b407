import { Database } from "bun:sqlite";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ApiError, type Problem, type Vcluster } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import { Layout } from "../../src/worker/layout.ts";
import { settled } from "./audit.ts";
import type { TestDocklet } from "./docklet.ts";

/** A small size: many nodes of it fit on a small host. */
export const TINY = { cpu: 0.5, memory: 64, disk: 256 };

/** One running node, seen from the host. */
export interface Seen {
  id: string;
  node: string;
  /** Host pid of its init; 0: there is none. */
  pid: number;
  layout: Layout;
}

/** The container behind a node of a vcluster of root's, or of `owner`. */
export async function seen(d: TestDocklet, vcluster: string, node = "host-0", owner?: string): Promise<Seen> {
  const vc = await d.root.vcluster({ params: { name: vcluster }, query: owner ? { owner } : {} });
  const found = vc.nodes.find((n) => n.name === node);
  if (!found) throw new Error(`${vcluster} has no ${node}`);
  return seenNode(d, found.id);
}

export function seenNode(d: TestDocklet, node: string): Seen {
  const db = new Database(join(d.prefix, "local/worker.db"), { readonly: true });
  try {
    const row = db.query("SELECT id FROM instances WHERE node = ?").get(node) as { id: string } | null;
    if (!row) throw new Error(`no container of node ${node}`);
    const layout = new Layout(d.prefix, d.tag);
    const file = join(layout.run(row.id), "init.pid");
    return { id: row.id, node, pid: existsSync(file) ? Number(readFileSync(file, "utf8")) : 0, layout };
  } finally {
    db.close();
  }
}

/** Runs a command in all namespaces of a node, without asking docklet: it may be dead. */
export function inside(n: Seen, ...argv: string[]): { code: number; stdout: string; stderr: string } {
  const r = Bun.spawnSync(["nsenter", "-t", String(n.pid), "-a", "--", ...argv], {
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root" },
    stdin: "ignore",
  });
  return { code: r.exitCode, stdout: String(r.stdout), stderr: String(r.stderr) };
}

export function sh(n: Seen, script: string): string {
  const r = inside(n, "sh", "-c", script);
  if (r.code !== 0) throw new Error(`in ${n.node}: ${script}: ${r.code} ${r.stderr}`);
  return r.stdout.trim();
}

/** A process in the node that counts: it goes on as long as nobody harms the node. */
export class Counter {
  #last = -1;

  private constructor(
    private readonly n: Seen,
    private readonly starttime: string,
  ) {}

  static async start(d: TestDocklet, vcluster: string, node = "host-0"): Promise<Counter> {
    const loop =
      "echo $$ > /run/counter.pid; i=0; while :; do i=$((i+1)); echo $i > /run/counter.new; mv /run/counter.new /run/counter; usleep 20000; done";
    const r = await d.exec(`${vcluster}/${node}`, "sh", "-c", `setsid sh -c '${loop}' >/dev/null 2>&1 </dev/null &`);
    if (r.code !== 0) throw new Error(r.stderr);
    const n = await seen(d, vcluster, node);
    await until("the counter to count", () => inside(n, "cat", "/run/counter").stdout !== "", { timeoutMs: 10_000 });
    return new Counter(n, startOf(n.pid));
  }

  /** Throws unless the very same node still runs and counts on. */
  async goesOn(): Promise<void> {
    if (startOf(this.n.pid) !== this.starttime) throw new Error(`init of ${this.n.node} is another one`);
    const now = Number(sh(this.n, "kill -0 $(cat /run/counter.pid) && cat /run/counter"));
    if (now < this.#last) throw new Error(`the counter of ${this.n.node} began anew`);
    this.#last = now;
    await until(`the counter of ${this.n.node} to go on`, () => Number(sh(this.n, "cat /run/counter")) > now, {
      timeoutMs: 10_000,
    });
  }
}

/** When a process began, in ticks since boot: with its pid it names a process for good. */
function startOf(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[19]!;
}

export async function create(
  d: TestDocklet,
  name: string,
  nodes = 1,
  size: Partial<typeof TINY> = {},
): Promise<Vcluster> {
  const made = await d.root.createVcluster({ body: { name, image: "mini", nodes, size: { ...TINY, ...size } } });
  const op = await d.finish(made.operation);
  if (op.state !== "done") throw new Error(`${name}: ${JSON.stringify(op.error)}`);
  return d.root.vcluster({ params: { name } });
}

/** Waits until a vcluster is in a state; null: until it is gone. */
export function became(d: TestDocklet, name: string, state: Vcluster["state"] | null): Promise<Vcluster | boolean> {
  return until(
    `${name} to be ${state ?? "gone"}`,
    async () => {
      const all = (await d.root.vclusters({ query: {} })).items;
      const vc = all.find((v) => v.name === name);
      return state === null ? !vc : vc?.state === state && vc;
    },
    { timeoutMs: 60_000, firstMs: 10, maxMs: 200 },
  );
}

/** What the kernel enforces on a node. */
export function limitsOf(n: Seen): { cpu: number; memory: number; pids: number } {
  const read = (controller: string, file: string) =>
    readFileSync(join("/sys/fs/cgroup", controller, n.layout.cgroup(n.id), file), "utf8").trim();
  if (existsSync("/sys/fs/cgroup/cgroup.controllers")) {
    const [quota, period] = read("", "cpu.max").split(" ").map(Number);
    return { cpu: quota! / period!, memory: Number(read("", "memory.max")), pids: Number(read("", "pids.max")) };
  }
  return {
    cpu: Number(read("cpu", "cpu.cfs_quota_us")) / Number(read("cpu", "cpu.cfs_period_us")),
    memory: Number(read("memory", "memory.limit_in_bytes")),
    pids: Number(read("pids", "pids.max")),
  };
}

/** Ends a test: docklet runs, every vcluster is deleted, and nothing of them is left. */
export async function sweep(d: TestDocklet): Promise<void> {
  if (!d.alive) {
    await d.ended();
    await d.up();
  }
  const all = (await d.root.vclusters({ query: { owner: "*" } })).items;
  const ops = await Promise.all(
    all.map((v) => d.root.deleteVcluster({ params: { name: v.name }, query: { owner: v.owner } })),
  );
  for (const op of ops) {
    const end = await d.finish(op);
    if (end.state !== "done") throw new Error(`${op.object} was not deleted: ${JSON.stringify(end.error)}`);
  }
  await settled(d);
}

/** What the server says to a request that it must refuse. */
export async function trouble(request: Promise<unknown>): Promise<Problem> {
  const e = await request.then(
    () => new Error("it was not refused"),
    (x: unknown) => x,
  );
  if (!(e instanceof ApiError)) throw e;
  return e.problem;
}
