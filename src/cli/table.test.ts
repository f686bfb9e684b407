import { expect, test } from "bun:test";
import { Output } from "./output.ts";
import { formatFields, formatTable } from "./table.ts";
import { ago, duration, oneLine, plain } from "./text.ts";

const bare = (_: unknown, text: string) => text;

test("columns are as wide as their widest cell, numbers stand right", () => {
  const rows = [
    { name: "a", n: 5 },
    { name: "longer", n: 123 },
  ];
  const text = formatTable(
    rows,
    [
      { title: "NAME", cell: (r) => r.name },
      { title: "N", cell: (r) => r.n, right: true },
    ],
    bare,
  );
  expect(text).toBe("NAME      N\na         5\nlonger  123\n");
});

test("wide characters take two columns, nothing is a dash", () => {
  const rows = [{ name: "日本" }, { name: null }];
  const text = formatTable(
    rows,
    [
      { title: "X", cell: (r) => r.name },
      { title: "Y", cell: () => "y" },
    ],
    bare,
  );
  expect(text).toBe("X     Y\n日本  y\n-     y\n");
});

test("nothing from outside reaches the terminal as an escape", () => {
  expect(oneLine("a\u001b[2Jb\r\nc\u202e")).toBe("a\\x1b[2Jb c\\x202e");
  expect(plain("ok\nnext\ttab")).toBe("ok\nnext\ttab");
  expect(formatFields([["k", "a\nb"]])).toBe("k  a b\n");
});

test("durations for people", () => {
  expect([0, 61_000, 125_000, 3 * 3_600_000, 4 * 86_400_000].map(duration)).toEqual([
    "0 s",
    "61 s",
    "2 min",
    "3 h",
    "4 d",
  ]);
  expect(ago(null, 0)).toBe("never");
});

test("colour only on a terminal, and never with NO_COLOR", () => {
  const sink = (isTTY: boolean) => ({ write: () => {}, isTTY });
  const paint = (tty: boolean, env = {}) => new Output(sink(tty), sink(tty), false, env).paint("red", "x");
  expect(paint(true)).toBe("\u001b[31mx\u001b[0m");
  expect(paint(false)).toBe("x");
  expect(paint(true, { NO_COLOR: "1" })).toBe("x");
  expect(paint(true, { TERM: "dumb" })).toBe("x");
});

test("progress takes the place of the line before on a terminal, and is gone before anything else is said", () => {
  const said: string[] = [];
  const out = new Output(
    { write: () => {}, isTTY: false },
    { write: (t) => void said.push(t), isTTY: true, columns: 8 },
    false,
    {},
  );
  out.progress("[1/2] a long step");
  out.note("done");
  expect(said).toEqual(["\r\u001b[2K[1/2] a", "\r\u001b[2K", "done\n"]);
});
