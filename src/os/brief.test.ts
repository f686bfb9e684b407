import { expect, test } from "bun:test";
import type { DockletError } from "../lib/errors.ts";
import { type ExecOptions, run } from "./exec.ts";

const fails = (argv: [string, ...string[]], options?: ExecOptions) =>
  run(argv, options).then(
    () => {
      throw new Error("it did not fail");
    },
    (e: DockletError) => e,
  );
const sh = (script: string): [string, ...string[]] => ["sh", "-c", script];

test("code and both streams of a command that succeeds", async () => {
  expect(await run(sh("echo out; echo err >&2"))).toEqual({ code: 0, stdout: "out\n", stderr: "err\n" });
});

test("stdin is what was given, or empty", async () => {
  expect((await run(["cat"], { input: "ünïcode\n" })).stdout).toBe("ünïcode\n");
  expect((await run(["cat"], { input: "" })).stdout).toBe("");
  expect((await run(["cat"])).stdout).toBe("");
  const long = "x".repeat(2_000_000);
  expect((await run(["wc", "-c"], { input: long })).stdout.trim()).toBe("2000000");
});

test("input that nobody reads is no failure", async () => {
  expect((await run(["true"], { input: "x".repeat(1_000_000) })).code).toBe(0);
});

test("an exit code that is not expected is a failure with the end of stderr", async () => {
  const e = await fails(sh("for i in 1 2 3 4 5 6 7 8; do echo line$i >&2; done; exit 3"));
  expect(e.code).toBe("host_command");
  expect(e.message).toStartWith("sh exited with 3: line3");
  expect(e.message).toContain("line8");
  expect(e.details).toMatchObject({ code: 3 });
  expect((await run(sh("exit 3"), { ok: [0, 3] })).code).toBe(3);
});

test("a message of endless length is cut", async () => {
  expect((await fails(sh("head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1"))).message.length).toBeLessThan(2100);
});

test("a program that is not there names itself and says what to do", async () => {
  const e = await fails(["no-such-program-of-docklet", "x"]);
  expect(e).toMatchObject({ code: "host_command", message: expect.stringContaining("no-such-program-of-docklet") });
  expect(e.hint).toContain("doctor");
});

test("a command ended by a signal says which", async () => {
  expect((await fails(sh("kill -9 $$"))).message).toContain("SIGKILL");
  expect((await fails(sh("kill -15 $$"), { ok: [0, 143, 15] })).message).toContain("SIGTERM");
});

test("one that takes too long is killed, what it started included in the wait at most briefly", async () => {
  expect((await fails(["sleep", "60"], { timeoutMs: 20 })).message).toContain("did not finish in 20 ms");
  // The grandchild keeps the pipes open; nobody may wait for it.
  const e = await fails(sh("echo said >&2; sleep 60 & echo $! >&2; wait"), { timeoutMs: 50, killSignal: "SIGKILL" });
  expect(e.message).toContain("said");
  process.kill(Number(/\n(\d+)$/.exec(e.message)![1]), "SIGKILL");
});

test("one that does not listen to TERM is killed all the same", async () => {
  const e = await fails(sh("trap '' TERM; while :; do sleep 0.05; done"), { timeoutMs: 100 });
  expect(e.message).toContain("did not finish");
});

test("the environment is ours alone, plus what is asked for", async () => {
  const { stdout } = await run(["env"], { env: { EXTRA: "1" } });
  const names = stdout
    .trim()
    .split("\n")
    .map((l) => l.split("=")[0]);
  expect(names.sort()).toEqual(["EXTRA", "LC_ALL", "PATH"]);
  expect((await run(["pwd"], { cwd: "/" })).stdout).toBe("/\n");
});
