import { expect, test } from "bun:test";
import { formatCores, formatPercent, formatRate, plural, share } from "./amounts.ts";

test("cores are singular only when there is one", () => {
  expect(formatCores(1)).toBe("1 core");
  expect(formatCores(0.25)).toBe("0.25 cores");
  expect(formatCores(2.5)).toBe("2.5 cores");
  expect(formatCores(10)).toBe("10 cores");
  expect(formatCores(0)).toBe("0 cores");
});

test("a share is always between 0 and 1", () => {
  expect(share(1, 4)).toBe(0.25);
  expect(share(5, 4)).toBe(1);
  expect(share(0, 0)).toBe(0);
  expect(share(1, 0)).toBe(1);
  expect(share(Number.NaN, 4)).toBe(0);
});

test("percentages, rates and plurals read naturally", () => {
  expect(formatPercent(0.284)).toBe("28 %");
  expect(formatRate(2048.4)).toBe("2 KiB/s");
  expect(plural(1, "node")).toBe("1 node");
  expect(plural(0, "node")).toBe("0 nodes");
  expect(plural(2, "entry", "entries")).toBe("2 entries");
});
