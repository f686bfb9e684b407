import { expect, test } from "bun:test";
import { each, quantile, summarise } from "./stats.ts";

test("quantiles are values that were measured", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect([0, 0.5, 0.99, 1].map((q) => quantile(hundred, q))).toEqual([1, 50, 99, 100]);
  expect(quantile([7], 0.99)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
  expect(summarise([3, 1, 2])).toEqual({ n: 3, p50: 2, p99: 3, min: 1, max: 3 });
});

test("each keeps to its width and does every index once", async () => {
  let now = 0;
  let most = 0;
  const done: number[] = [];
  const times = await each(7, 3, async (i) => {
    most = Math.max(most, ++now);
    await Bun.sleep(1);
    done.push(i);
    now--;
  });
  expect(most).toBe(3);
  expect(done.sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(times).toHaveLength(7);
});
