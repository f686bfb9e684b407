import { describe, expect, test } from "bun:test";
import { command, UsageError } from "./command.ts";
import { findCommand, parseArguments } from "./parse.ts";

const one = command({
  name: "vcluster create",
  summary: "",
  args: [{ name: "NAME", doc: "", optional: true }],
  flags: {
    nodes: { type: "integer", short: "n", doc: "" },
    memory: { type: "mib", doc: "" },
    cpu: { type: "number", doc: "" },
    image: { type: "string", short: "i", doc: "" },
    scope: { type: "list", choices: ["read", "write"], doc: "" },
    detach: { type: "boolean", short: "d", doc: "" },
    quiet: { type: "boolean", short: "q", doc: "" },
  },
  run: async () => 0,
});
const exec = command({
  name: "exec",
  summary: "",
  args: [
    { name: "VC", doc: "" },
    { name: "CMD", doc: "", rest: true },
  ],
  flags: { tty: { type: "boolean", short: "t", doc: "" } },
  run: async () => 0,
});
const serve = command({ name: "serve", summary: "", takesSettings: true, run: async () => 0 });
const commands = [one, exec, serve];
const parse = (argv: string[], c = one) => parseArguments(c, argv);

describe("finding the command", () => {
  const find = (...argv: string[]) => {
    const { command: c, rest } = findCommand(argv, commands);
    return [c?.name ?? null, rest];
  };
  test.each([
    [
      ["vcluster", "create", "lab"],
      ["vcluster create", ["lab"]],
    ],
    [
      ["vc", "create"],
      ["vcluster create", []],
    ],
    [
      ["--json", "vc", "create", "x"],
      ["vcluster create", ["--json", "x"]],
    ],
    [
      ["--url", "http://x", "exec", "lab", "ls"],
      ["exec", ["--url", "http://x", "lab", "ls"]],
    ],
    [
      ["exec", "vcluster", "create"],
      ["exec", ["vcluster", "create"]],
    ],
    [["vcluster"], [null, ["vcluster"]]],
    [
      ["--", "exec"],
      [null, ["--", "exec"]],
    ],
  ])("%j", (argv, found) => {
    expect(find(...(argv as string[]))).toEqual(found as never);
  });
});

describe("flags and arguments", () => {
  test("all ways to write a value", () => {
    for (const argv of [["-n", "3"], ["-n3"], ["-n=3"], ["--nodes", "3"], ["--nodes=3"], ["-dn3"]])
      expect(parse(argv).flags.nodes).toBe(3);
    expect(parse(["--memory", "2G", "--cpu", "0.5", "lab"])).toMatchObject({
      flags: { memory: 2048, cpu: 0.5, detach: false, nodes: undefined, scope: [] },
      args: { NAME: "lab" },
    });
    expect(parse(["-dq"]).flags).toMatchObject({ detach: true, quiet: true });
    expect(parse(["--scope", "read", "--scope=write"]).flags.scope).toEqual(["read", "write"]);
    expect(parse(["--image="]).flags.image).toBe("");
    expect(parse(["--image", "-odd"]).flags.image).toBe("-odd");
  });

  test("what comes after -- is no flag", () => {
    expect(parse(["--", "-d"])).toMatchObject({ args: { NAME: "-d" }, flags: { detach: false } });
  });

  test("a remote command is taken as it stands, with and without --", () => {
    expect(parse(["lab", "--", "ls", "-la", "--json"], exec)).toMatchObject({
      rest: ["ls", "-la", "--json"],
      global: { json: false },
    });
    expect(parse(["-t", "lab", "ls", "-t", "--", "x"], exec)).toMatchObject({
      rest: ["ls", "-t", "--", "x"],
      flags: { tty: true },
    });
    expect(parse(["lab", "-t", "--", "ls"], exec)).toMatchObject({ rest: ["ls"], flags: { tty: true } });
  });

  test("prototype names are no flags", () => {
    for (const name of ["constructor", "__proto__", "toString"]) expect(() => parse([`--${name}`])).toThrow(UsageError);
  });

  test.each([
    [["--nodes", "1e3"]],
    [["--nodes", "1.5"]],
    [["--nodes"]],
    [["--memory", "2Q"]],
    [["--scope", "all"]],
    [["--detach=yes"]],
    [["-z"]],
    [["a", "b"]],
  ])("%j is refused", (argv) => {
    expect(() => parse(argv)).toThrow(UsageError);
  });
});
