import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseRequestHead, parseResponseHead } from "./head-parser.ts";
import { Refusal } from "./refusal.ts";

const parse = (text: string) => {
  const bytes = Buffer.from(text, "latin1");
  return parseRequestHead(bytes, bytes.indexOf("\r\n\r\n"), 16_384);
};

test("what matters is read, what is ordinary stays as it came", () => {
  const head = parse(
    "GET /a?b HTTP/1.1\r\nHOST:  gw.test:8000 \r\nX-A:1\r\nCookie: a=1\r\ncookie: b=2\r\nAccept-Language: d\xe9\r\nConnection: close, X-A\r\nHost2: x\r\n\r\n",
  );
  expect(head).toMatchObject({ method: "GET", target: "/a?b", host: "gw.test:8000", cookie: "a=1; b=2", minor: 1 });
  expect(head.connection).toEqual(["close", "x-a"]);
  expect(head.kept).toBe("HOST:  gw.test:8000 \r\nAccept-Language: d\xe9\r\nHost2: x\r\n");
});

test("any bytes are either a head or refused, and what is kept holds no stray CR, LF or NUL", () => {
  const piece = fc.constantFrom(
    "\r\n",
    "\r",
    "\n",
    "\0",
    " ",
    "\t",
    ":",
    "Host: a",
    "X-A: b",
    "Content-Length: 1",
    "GET / HTTP/1.1",
    "\xff",
    "q",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), (parts) => {
      const text = `GET / HTTP/1.1\r\nHost: a\r\n${parts.join("")}\r\n\r\n`;
      try {
        const { kept } = parse(text);
        expect(kept.replace(/[^\r\n\0]+\r\n/g, "")).toBe("");
      } catch (e) {
        expect(e).toBeInstanceOf(Refusal);
      }
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 80 }), (noise) => {
      const bytes = Buffer.from(`${noise}\r\n\r\n`, "latin1");
      const end = bytes.indexOf("\r\n\r\n");
      for (const read of [() => parseRequestHead(bytes, end, 100), () => parseResponseHead(bytes, end, "GET", 1)]) {
        expect(() => read()).toThrow(Refusal);
      }
    }),
  );
});

test("the framing of an answer follows from its request and its status", () => {
  const framing = (text: string, method = "GET") => {
    const bytes = Buffer.from(`HTTP/1.1 ${text}\r\n\r\n`);
    return parseResponseHead(bytes, bytes.indexOf("\r\n\r\n"), method, 1).framing;
  };
  expect(framing("200 OK")).toEqual({ kind: "close" });
  expect(framing("200 OK\r\nContent-Length: 5")).toEqual({ kind: "length", length: 5 });
  expect(framing("200 OK\r\nContent-Length: 5", "HEAD")).toEqual({ kind: "none" });
  expect(framing("304 Not Modified\r\nContent-Length: 5")).toEqual({ kind: "none" });
  expect(framing("200\r\nTransfer-Encoding: Chunked")).toEqual({ kind: "chunked" });
});
