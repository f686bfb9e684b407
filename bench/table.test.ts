import { expect, test } from "bun:test";
import { summarise } from "./stats.ts";
import { atLeast, figure, markdown, TIMES, times, within } from "./table.ts";

test("a table shows figures, budgets and notes", () => {
  const s = summarise([10, 20, 30]);
  const text = markdown({
    title: "Clicks",
    columns: TIMES,
    lines: [
      { what: "warm", cells: times(s), budget: within(s, { p50: 40, p99: 25 }) },
      { what: "floor", cells: times(summarise([1.234])) },
    ],
    notes: ["one note"],
  });
  expect(text.split("\n").filter(Boolean)).toEqual([
    "### Clicks",
    "| what  |   n | p50 ms | p99 ms | worst ms | budget             |          |",
    "|-------|----:|-------:|-------:|---------:|--------------------|----------|",
    "| warm  |   3 |     20 |     30 |       30 | p50 ≤ 40, p99 ≤ 25 | **miss** |",
    "| floor |   1 |   1.23 |   1.23 |     1.23 |                    |          |",
    "- one note",
  ]);
});

test("budgets and figures", () => {
  expect(within(summarise([10]), { p50: 10 })).toEqual({ text: "p50 ≤ 10", kept: true });
  expect(atLeast(39, 40, "/s").kept).toBe(false);
  expect([12.345, 123.4, 1234.5, 0, Number.NaN, "x"].map(figure)).toEqual(["12.3", "123", "1235", "0", "–", "x"]);
});
