import { expect, test } from "bun:test";
import type { Sample } from "../../contracts/public/index.ts";
import { columnsOf } from "./series.ts";

const sample = (at: number, cpu: number): Sample => ({ at, cpu, memory: 0, disk: 0, rx: 1, tx: 2, pids: 0 });

test("samples become columns, one a line", () => {
  expect(columnsOf([sample(1000, 0.5), sample(6000, 0.7)], [(s) => s.cpu, (s) => s.tx])).toEqual([
    [1, 6],
    [0.5, 0.7],
    [2, 2],
  ]);
});

test("a long silence is a hole", () => {
  const [times, cpu] = columnsOf([sample(1000, 0.5), sample(100_000, 0.7)], [(s) => s.cpu]);
  expect(times).toEqual([1, 1.001, 100]);
  expect(cpu).toEqual([0.5, null, 0.7]);
});

test("no samples are empty columns", () => {
  expect(columnsOf<Sample>([], [(s) => s.cpu])).toEqual([[], []]);
});
