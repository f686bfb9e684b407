import { expect, test } from "bun:test";
import { parseToken } from "./joining.ts";

const HASH = "ab".repeat(32);
const SECRET = "A".repeat(43);

test("a whole token", () => {
  const text = `DK1.${HASH}.abcdefghjk.${SECRET}`;
  expect(parseToken(` ${text}\n`)).toEqual({ fingerprint: HASH, id: "abcdefghjk", secret: SECRET });
});

test("a part of one is told from something else", () => {
  const text = `DK1.${HASH}.abcdefghjk.${SECRET}`;
  for (let n = 4; n < text.length; n += 7) expect(() => parseToken(text.slice(0, n))).toThrow("not whole");
  for (const more of [`${text}A`, `${text} x`, text.replace("ab", "AB")])
    expect(() => parseToken(more)).toThrow("not whole");
  for (const other of ["", "hello", "DK2.x", "dk_token"]) expect(() => parseToken(other)).toThrow("no join token");
});
