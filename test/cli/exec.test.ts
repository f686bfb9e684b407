import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { type CliFixture, cliFixture, until } from "./fixture.ts";

let f: CliFixture;
let ann: Record<string, string>;
beforeAll(async () => {
  f = await cliFixture();
  f.stage.person("ann");
  ann = f.as("ann");
  await f.run(["vc", "create", "lab", "-n", "2"], { env: ann });
});
afterAll(() => f.stop());

/** Starts exec and hands over the other end of it. */
async function begin(args: string[], options: Parameters<CliFixture["spawn"]>[1] = {}) {
  const before = f.stage.master.streams.length;
  const child = f.spawn(args, { env: ann, ...options });
  const stream = await until(() => f.stage.master.streams[before]);
  return { child, stream };
}

test("argv as it stands, stdout and stderr apart, the remote exit code", async () => {
  const { child, stream } = await begin(["exec", "lab/host-1", "--", "sh", "-c", "echo $0; exit 7", "--json", "-t"]);
  expect(stream.request).toMatchObject({ kind: "exec", node: "host-1", tty: false });
  expect((stream.request as { argv: string[] }).argv).toEqual(["sh", "-c", "echo $0; exit 7", "--json", "-t"]);
  stream.say(1, "out");
  stream.say(2, "err");
  stream.exit(7);
  expect(await f.collect(child)).toEqual({ code: 7, stdout: "out", stderr: "err" });
});

test("stdin goes there byte for byte, then ends", async () => {
  const bytes = new Uint8Array(300_000).map((_, i) => (i * 7) % 251);
  const { child, stream } = await begin(["exec", "lab", "cat"], { stdin: bytes });
  const out = new Response(child.stdout).bytes();
  await until(() => stream.ended);
  stream.exit(0);
  expect(await child.exited).toBe(0);
  expect(Buffer.compare(await out, bytes)).toBe(0);
});

test("-n leaves stdin alone", async () => {
  const { child, stream } = await begin(["exec", "-n", "lab", "--", "cat"], { stdin: "not for you" });
  await until(() => stream.ended);
  stream.exit(0);
  expect((await f.collect(child)).stdout).toBe("");
  expect(stream.heard).toEqual([]);
});

test("-t asks for a terminal", async () => {
  const { child, stream } = await begin(["exec", "-t", "lab", "--", "top"]);
  expect(stream.request).toMatchObject({ tty: true, cols: 80, rows: 24 });
  stream.exit(0);
  expect(await child.exited).toBe(0);
});

test("TERM ends the command", async () => {
  const { child, stream } = await begin(["exec", "lab", "--", "sleep", "1000"]);
  stream.say(1, "up\n");
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGTERM");
  expect(await child.exited).toBe(143);
  await until(() => stream.closed);
});

test("a lost connection is no exit code of the command", async () => {
  const other = await cliFixture();
  other.stage.person("ann");
  const env = other.as("ann");
  await other.run(["vc", "create", "lab"], { env });
  const child = other.spawn(["exec", "lab", "--", "make"], { env });
  const stream = await until(() => other.stage.master.streams[0]);
  stream.say(1, "x");
  await child.stdout.getReader().read();
  await other.stop();
  expect(await child.exited).toBe(255);
  expect(await new Response(child.stderr).text()).toContain("error:");
});

test("over the socket of the host, too", async () => {
  const env = { DOCKLET_FS_PREFIX: join(f.dir, "prefix") };
  const { child, stream } = await begin(["exec", "--owner", "ann", "lab", "--", "id"], { env });
  stream.say(1, "uid=0");
  stream.exit(3);
  expect(await f.collect(child)).toEqual({ code: 3, stdout: "uid=0", stderr: "" });
});

test("a node that is not there, or not ready, is told before anything is started", async () => {
  const missing = await f.run(["exec", "lab/host-9", "--", "true"], { env: ann });
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("It has host-0, host-1.")]);
  const none = await f.run(["exec", "nowhere", "--", "true"], { env: ann });
  expect([none.code, none.stdout]).toEqual([1, ""]);
  await f.run(["vc", "create", "idle"], { env: ann });
  await f.run(["vc", "stop", "idle"], { env: ann });
  const stopped = await f.run(["exec", "idle", "--", "true"], { env: ann });
  expect([stopped.code, stopped.stderr]).toEqual([1, expect.stringContaining("docklet vcluster start idle")]);
});

test("on a terminal: raw keys, its size and every change of it", async () => {
  const before = f.stage.master.streams.length;
  const seen: string[] = [];
  const { argv, options } = f.command(["exec", "lab", "--", "bash"], { env: { ...ann, TERM: "xterm-256color" } });
  const child = Bun.spawn(argv, {
    ...options,
    terminal: { cols: 91, rows: 33, data: (_, data) => void seen.push(new TextDecoder().decode(data)) },
  });
  const stream = await until(() => f.stage.master.streams[before]);
  expect(stream.request).toMatchObject({ tty: true, cols: 91, rows: 33, env: { TERM: "xterm-256color" } });
  stream.say(1, "prompt$ ");
  await until(() => seen.join("").includes("prompt$ "));
  // Ctrl-C, Ctrl-D and Ctrl-Z belong to the other side; nothing is echoed here but what it says.
  child.terminal!.write("\u0003\u0004\u001aq");
  await until(() => stream.heard.join("") === "\u0003\u0004\u001aq");
  child.terminal!.resize(120, 40);
  await until(() => stream.size?.cols === 120 && stream.size.rows === 40);
  stream.exit(5);
  expect(await child.exited).toBe(5);
});
