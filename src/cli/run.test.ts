import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands } from "./commands.ts";
import { runCli } from "./run.ts";

const home = mkdtempSync(join(tmpdir(), "docklet-run-"));
afterAll(() => rmSync(home, { recursive: true }));

async function cli(args: string[], tty = false) {
  const said: Record<"stdout" | "stderr", string[]> = { stdout: [], stderr: [] };
  const sink = (name: keyof typeof said) => ({ write: (text: string) => void said[name].push(text), isTTY: tty });
  const code = await runCli(args, {
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    env: { HOME: home },
    isRoot: false,
  });
  return { code, stdout: said.stdout.join(""), stderr: said.stderr.join("") };
}

test.each([
  [["vc", "creat"], "Did you mean docklet vcluster create?"],
  [["vclsuter", "ls"], "Did you mean docklet vcluster?"],
  [["vc", "ls", "--jsno"], "Did you mean --json?"],
  [["vc", "show"], "NAME is missing"],
  [["vc", "show", "a", "b"], "one word too many"],
  [["vc", "create", "-n", "two"], "needs a whole number"],
  [["vc", "create", "--memory", "lots"], "is not a size"],
  [["vc", "scale", "lab", "many"], "must be a whole number"],
  [["exec", "lab"], "CMD is missing"],
  [["exec", "a/b/c", "--", "ls"], "names no node"],
  [["completion", "tcsh"], "Did you mean bash?"],
  [["user", "add", "x", "--role", "admn"], "Did you mean admin?"],
  [["serve", "--proxy-prot", "1"], "Did you mean --proxy-port?"],
  [["serve", "--role=supermaster,slave"], '--role can\'t be "slave"'],
  [["serve", "--role=supermaster"], "needs a master in its own process"],
  [["serve", "--join", "DK1.x"], "has a cluster of its own"],
  [["serve", "--role=worker", "--join", "a", "--join-file", "b"], "both given"],
  [["config", "show", "--json=1"], "takes no value"],
  [["vc", "rm", "--owner"], "needs a value"],
])("%j is a usage error", async (args, text) => {
  const { code, stdout, stderr } = await cli(args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(text);
});

test("help goes to stdout and is exit 0; no command at all is exit 2", async () => {
  for (const args of [["--help"], ["help"], ["vc", "--help"], ["vc", "create", "--help"], ["help", "exec"]]) {
    const { code, stdout, stderr } = await cli(args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("docklet");
  }
  const bare = await cli([]);
  expect([bare.code, bare.stdout]).toEqual([2, ""]);
  expect(bare.stderr).toContain("usage: docklet COMMAND");
});

test("every command explains itself", async () => {
  for (const c of commands) {
    const { code, stdout } = await cli([...c.name.split(" "), "--help"]);
    expect([c.name, code]).toEqual([c.name, 0]);
    expect(stdout).toContain(c.summary);
    for (const flag of Object.keys(c.flags ?? {})) expect(stdout).toContain(`--${flag}`);
  }
});

test("no two commands share a name, no two flags of one a letter", () => {
  const names = commands.flatMap((c) => [c.name, ...(c.aliases ?? [])]);
  expect(names).toEqual([...new Set(names)]);
  for (const c of commands) {
    const letters = ["h", ...Object.values(c.flags ?? {}).flatMap((f) => f.short ?? [])];
    expect([c.name, letters]).toEqual([c.name, [...new Set(letters)]]);
  }
});

test("on a terminal errors are coloured, and NO_COLOR is honoured", async () => {
  expect((await cli(["vc", "creat"], true)).stderr).toContain("\u001b[31m");
  const plain = await cli(["vc", "creat"], false);
  expect(plain.stderr).not.toContain("\u001b");
});
