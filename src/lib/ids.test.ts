import { expect, test } from "bun:test";
import { longId, randomName, randomSecret, shortId } from "./ids.ts";

const ALPHABET = "23456789abcdefghjkmnpqrstvwxyz";

test("only letters and digits that nobody mixes up, a letter first, the length asked for", () => {
  for (let i = 0; i < 500; i++) {
    for (const n of [1, 2, 6, 20]) expect(randomName(n)).toMatch(new RegExp(`^[a-z][${ALPHABET}]{${n - 1}}$`));
  }
  expect(randomName(5000)).not.toMatch(/[01ilou]/);
  expect(shortId()).toMatch(/^[a-z][a-z0-9]{5}$/);
  expect(longId("op")).toMatch(/^op_[a-z][a-z0-9]{19}$/);
});

test("every character is about equally likely", () => {
  const counts = new Map<string, number>();
  const total = 60_000;
  for (const c of randomName(total)) counts.set(c, (counts.get(c) ?? 0) + 1);
  expect(counts.size).toBe(ALPHABET.length);
  // 2000 expected, standard deviation 44: ten of them never happen by chance.
  for (const n of counts.values()) expect(Math.abs(n - total / 30)).toBeLessThan(440);
});

test("secrets are 256 bits and go into a URL as they are", () => {
  const secrets = Array.from({ length: 100 }, randomSecret);
  expect(new Set(secrets).size).toBe(100);
  for (const s of secrets) expect(s).toMatch(/^[A-Za-z0-9_-]{43}$/);
});
