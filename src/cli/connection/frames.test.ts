import { expect, test } from "bun:test";
import { eventData } from "./frames.ts";

async function read(...chunks: string[]): Promise<string[]> {
  async function* bytes() {
    for (const c of chunks) yield new TextEncoder().encode(c);
  }
  return Array.fromAsync(eventData(bytes()));
}

test("events however the network cuts them", async () => {
  const whole = 'data: {"a":1}\n\n: ping\n\ndata: x\ndata: y\r\n\r\nid: 4\ndata:z\n\n';
  expect(await read(whole)).toEqual(['{"a":1}', "x\ny", "z"]);
  expect(await read(...whole)).toEqual(['{"a":1}', "x\ny", "z"]);
});

test("characters that are cut in the middle, and an event without its end", async () => {
  const bytes = new TextEncoder().encode("data: grün\n\ndata: half");
  async function* single() {
    for (const b of bytes) yield new Uint8Array([b]);
  }
  expect(await Array.fromAsync(eventData(single()))).toEqual(["grün"]);
});
