import { Vcluster, type VclusterCreate } from "../../src/contracts/public/index.ts";
import { basePool } from "../kit/base-pool.ts";
import { type CliResult, type DockletOptions, TestDocklet } from "../kit/docklet.ts";

/** The built docklet with the image `base`, and a warm node or two when `settings` asks for them. */
export async function baseDocklet(options: Omit<DockletOptions, "pool"> = {}): Promise<TestDocklet> {
  return TestDocklet.start({ ...options, pool: await basePool() });
}

/** Makes a vcluster of root's and waits until it is ready. */
export async function createVcluster(d: TestDocklet, wanted: VclusterCreate): Promise<Vcluster> {
  const { vcluster, operation } = await d.root.createVcluster({ body: wanted });
  const op = await d.finish(operation, 240_000);
  if (op.state !== "done") throw new Error(`${vcluster.name}: ${JSON.stringify(op.error)}`);
  return Vcluster.parse(await d.root.vcluster({ params: { name: vcluster.name } }));
}

/** Runs a shell line in a node; throws unless it succeeds. */
export async function shell(d: TestDocklet, node: string, line: string): Promise<string> {
  const said = await d.exec(node, "sh", "-c", line);
  if (said.code !== 0) throw new Error(`${node}: ${line}: ${said.code}\n${said.stdout}\n${said.stderr}`);
  return said.stdout.trim();
}

/** Runs a command on this host, without anything of ours in its environment. */
export async function onHost(...argv: string[]): Promise<CliResult> {
  const child = Bun.spawn(argv, {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env.PATH ?? "", HOME: "/nonexistent" },
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}
