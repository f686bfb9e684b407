import { expect, test } from "bun:test";
import { digestOf } from "./digest.ts";

test("the order of keys does not count, at any depth; everything else does", () => {
  const one = { a: 1, b: { c: [1, { d: 2, e: null }], f: "x" } };
  const same = { b: { f: "x", c: [1, { e: null, d: 2 }] }, a: 1, g: undefined };
  expect(digestOf(same)).toBe(digestOf(one));
  const others = [
    { ...one, a: 2 },
    { ...one, a: "1" },
    { a: 1, b: { ...one.b, c: [{ d: 2, e: null }, 1] } },
    { a: 1, b: { ...one.b, c: [1, { d: 2 }] } },
  ];
  expect(new Set([one, ...others].map(digestOf)).size).toBe(1 + others.length);
});
