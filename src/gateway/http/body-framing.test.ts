import { expect, test } from "bun:test";
import fc from "fast-check";
import { BodyFraming } from "./body-framing.ts";
import { malformed, Refusal } from "./refusal.ts";

/** Feeds `bytes` in pieces of the given sizes; returns what may pass and how much belongs to the body. */
function follow(
  bytes: Buffer,
  sizes: number[],
): { passed: string; used: number; done: boolean; trailers: string | null } {
  const body = BodyFraming.of({ kind: "chunked" }, malformed);
  let at = 0;
  let passed = "";
  for (let i = 0; at < bytes.length && !body.done; i++) {
    const piece = bytes.subarray(at, at + (sizes[i] ?? bytes.length));
    at += body.consume(piece);
    passed += piece.toString("latin1", 0, body.rawEnd);
  }
  const end = body.trailers === null ? "" : `${body.trailers}\r\n`;
  return { passed: passed + end, used: at, done: body.done, trailers: body.trailers };
}

const chunks = fc
  .array(fc.string({ minLength: 1, maxLength: 40 }), { maxLength: 6 })
  .map((parts) => parts.map((p) => `${Buffer.byteLength(p).toString(16)}\r\n${p}\r\n`).join(""));
const trailers = fc.array(fc.constantFrom("X-A: 1\r\n", "X-Sum: abc\r\n"), { maxLength: 3 }).map((t) => t.join(""));
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 300 });

test("a chunked body ends at the same byte however it is cut, and passes unchanged", () => {
  fc.assert(
    fc.property(chunks, trailers, fc.string(), sizes, (body, trailer, rest, cuts) => {
      const message = `${body}0\r\n${trailer}\r\n`;
      const got = follow(Buffer.from(message + rest), cuts);
      expect(got.done).toBe(true);
      expect(got.used).toBe(Buffer.byteLength(message));
      expect(got.passed).toBe(Buffer.from(message).toString("latin1"));
    }),
  );
});

test("any bytes are either followed to the same end or refused, however they are cut", () => {
  const outcome = (bytes: Buffer, cuts: number[]) => {
    try {
      const { used, done } = follow(bytes, cuts);
      return { used, done };
    } catch (e) {
      if (e instanceof Refusal) return "refused";
      throw e;
    }
  };
  const soup = fc.array(fc.constantFrom("0", "3", "abc", "\r", "\n", "\r\n", ";", "f", " ", "0\r\n\r\n", "x: y"), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(soup, sizes, (parts, cuts) => {
      const bytes = Buffer.from(parts.join(""));
      expect(outcome(bytes, cuts)).toEqual(outcome(bytes, []));
    }),
  );
});

test("a length ends where it says", () => {
  const body = BodyFraming.of({ kind: "length", length: 5 }, malformed);
  expect(body.consume(Buffer.from("abc"))).toBe(3);
  expect(body.done).toBe(false);
  expect(body.consume(Buffer.from("defgh"))).toBe(2);
  expect(body.done).toBe(true);
});
