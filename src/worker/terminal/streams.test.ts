import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { TERMINAL_LIMITS as L } from "../../contracts/public/index.ts";
import type { StreamRequest } from "../../contracts/worker.ts";
import { until } from "../../lib/retry.ts";
import { clampSize, openStream } from "./streams.ts";

test("sizes stay within what a terminal can be, whatever is asked for", () => {
  fc.assert(
    fc.property(fc.oneof(fc.double(), fc.integer()), fc.oneof(fc.double(), fc.integer()), (c, r) => {
      const [cols, rows] = clampSize(c, r);
      expect(Number.isInteger(cols) && cols >= L.minCols && cols <= L.maxCols).toBe(true);
      expect(Number.isInteger(rows) && rows >= L.minRows && rows <= L.maxRows).toBe(true);
    }),
  );
  expect(clampSize(80.9, 24)).toEqual([80, 24]);
  expect(clampSize(0, 0)).toEqual([L.minCols, L.minRows]);
  expect(clampSize(1e6, 1e6)).toEqual([L.maxCols, L.maxRows]);
  expect(clampSize(Number.NaN, "x" as never)).toEqual([L.minCols, L.minRows]);
});

/** The node is this very host: what would be attached is run as it is. */
const here = (argv: string[], env: Record<string, string>) => [
  "env",
  "-i",
  ...Object.entries(env).map(([k, v]) => `${k}=${v}`),
  ...argv,
];
const exec = (argv: string[], more: Partial<Extract<StreamRequest, { kind: "exec" }>> = {}) =>
  openStream({ kind: "exec", node: "n", argv, tty: false, cols: 80, rows: 24, env: {}, cwd: "/", ...more }, here);

async function outcome(stream: ReturnType<typeof exec>) {
  const got = { 1: "", 2: "" };
  stream.onData((fd, data) => {
    got[fd] += Buffer.from(data).toString();
  });
  const code = await stream.exited;
  return { code, out: got[1], err: got[2] };
}

describe("exec", () => {
  test("arguments arrive as they are: nothing in them is a command", async () => {
    const words = ["a b", "$(id)", "`id`", "'\"", "; exit 9", "*", "-n", ""];
    const r = await outcome(exec(["printf", "[%s]", ...words]));
    expect(r).toEqual({ code: 0, out: words.map((w) => `[${w}]`).join(""), err: "" });
  });

  test("runs in its folder, with its variables, and with nothing of the host's", async () => {
    expect((await outcome(exec(["pwd"], { cwd: "/usr" }))).out).toBe("/usr\n");
    const { out } = await outcome(exec(["env"], { env: { MINE: "1", TERM: "dumb" } }));
    const names = out
      .trim()
      .split("\n")
      .map((l) => l.split("=")[0]!);
    expect(out).toContain("MINE=1\n");
    expect(out).toContain("TERM=dumb\n");
    expect(names).not.toContain("DOCKLET_CRASH_FILE");
    expect(names.length).toBeLessThan(14);
  });

  test("a folder that is not there says so and is 125", async () => {
    for (const cwd of ["/no/such/folder", "$(id)"]) {
      const r = await outcome(exec(["true"], { cwd }));
      expect(r.code).toBe(125);
      expect(r.err).toContain(`no directory ${cwd}`);
    }
  });

  test("the codes that shells give: 127 not found, 128 + signal", async () => {
    expect((await outcome(exec(["no-such-command-here"]))).code).toBe(127);
    expect((await outcome(exec(["sh", "-c", "kill -9 $$"]))).code).toBe(137);
  });

  test("what comes before somebody listens is kept", async () => {
    const stream = exec(["echo", "early"]);
    await stream.exited;
    expect((await outcome(stream)).out).toBe("early\n");
  });

  test("with a terminal of the size asked for, clamped", async () => {
    const stream = exec(["sh", "-c", "stty size"], { tty: true, cols: 1e9, rows: 0 });
    expect((await outcome(stream)).out.trim()).toBe(`${L.minRows} ${L.maxCols}`);
    expect(stream.pause).toBeUndefined();
  });
});

test("a terminal's session is a parameter, whatever its name", async () => {
  const seen: string[][] = [];
  const attach = (argv: string[]) => {
    seen.push(argv);
    return ["cat"];
  };
  const session = "'; touch /tmp/x; '";
  const stream = openStream({ kind: "terminal", node: "n", session, cols: 80, rows: 24 }, attach);
  expect(seen[0]!.at(-1)).toBe(`docklet-${session}`);
  expect(seen[0]!.slice(0, 2)).toEqual(["sh", "-c"]);
  expect(seen[0]![2]).not.toContain("touch");
  stream.close();
  await until("it to end", () => stream.exited.then(() => true), { timeoutMs: 5_000 });
});
