import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Claims, claimed, HALF_LIFE_MS, MOST_MORE, recentClaims, wantedCount } from "./demand.ts";

const after = (times: number[]) => times.reduce<Claims | undefined>((c, at) => claimed(c, at), undefined);

test("old claims count less and less", () => {
  expect(recentClaims(undefined, 5)).toBe(0);
  const c = after([0, 0, 0, 0]);
  expect(recentClaims(c, 0)).toBe(4);
  expect(recentClaims(c, HALF_LIFE_MS)).toBe(2);
  expect(recentClaims(c, 3 * HALF_LIFE_MS)).toBe(0.5);
  // A clock that stands, or goes back a little, makes no more of them.
  expect(recentClaims(c, -1000)).toBe(4);
});

test("a class that begins together is followed, a single click is not, and it passes", () => {
  const class30 = after(Array.from({ length: 30 }, (_, i) => i * 2_000));
  expect(wantedCount(2, recentClaims(class30, 60_000))).toBeGreaterThanOrEqual(15);
  expect(wantedCount(2, recentClaims(class30, 60_000 + 5 * HALF_LIFE_MS))).toBe(2);
  expect(wantedCount(2, recentClaims(after([0]), 0))).toBe(2);
  expect(wantedCount(2, recentClaims(after([0, 1]), 1))).toBe(3);
});

test("never below the minimum, never far above it, and nothing where none are wanted", () => {
  const times = fc.array(fc.integer({ min: 0, max: 10_000_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50 }), times, fc.integer({ min: 0, max: 10_000_000 }), (min, at, later) => {
      const sorted = at.toSorted((a, b) => a - b);
      const recent = recentClaims(after(sorted), (sorted.at(-1) ?? 0) + later);
      const want = wantedCount(min, recent);
      expect(want).toBeGreaterThanOrEqual(min);
      expect(want).toBeLessThanOrEqual(min === 0 ? 0 : min + MOST_MORE);
      expect(recent).toBeLessThanOrEqual(at.length + 1e-9);
    }),
  );
});
