import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Picture } from "../../contracts/worker.ts";
import { type About, decodeAbout, encodeAbout, isAbout } from "./about.ts";
import { type Arrived, Incoming } from "./incoming.ts";

const picture: Picture = { volume: { kind: "home", id: "ownera" }, name: "p1" };
const about: About = { version: 1, picture, parent: null, of: { kind: "home" } };
const body = new Uint8Array(100_000).map((_, i) => i % 251);
const stream = Buffer.concat([encodeAbout(about), body]);
const end = { bytes: stream.length, digest: createHash("sha256").update(stream).digest("hex") };

let dir: string;
let path: string;
let made: Arrived[];
let full: string | null;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docklet-incoming-"));
  path = join(dir, "p1.part");
  made = [];
  full = null;
});
afterEach(() => rmSync(dir, { recursive: true }));
const open = (parent: string | null = null) =>
  Incoming.open(path, {
    expected: { picture, parent },
    full: () => full,
    left: () => {},
    made: async (arrived) => void made.push(arrived),
  });

test("what is known of a picture stands before its bytes, and is believed only whole", () => {
  const bytes = encodeAbout(about);
  expect(decodeAbout(stream)).toEqual({ about, bytes: bytes.length });
  for (const cut of [0, 3, 4, bytes.length - 1]) expect(decodeAbout(bytes.subarray(0, cut))).toBeNull();
  expect(decodeAbout(Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff]), body]))).toBeNull();
  expect(decodeAbout(Buffer.from("\0\0\0\x02{}"))).toBeNull();
  expect(isAbout(about, picture, null)).toBe(true);
  expect(isAbout(about, picture, "p0")).toBe(false);
  expect(isAbout(about, { ...picture, name: "p2" }, null)).toBe(false);
  expect(isAbout(about, { ...picture, volume: { kind: "disk", id: "ownera" } }, null)).toBe(false);
  const manifest = { version: 1, name: "mini", digest: "0".repeat(16), recipe: null, parents: [], size: 1, builtAt: 1 };
  const layer: Picture = { volume: { kind: "layer", id: `mini@${"1".repeat(16)}` }, name: "layer" };
  const other = { version: 1, picture: layer, parent: null, of: { kind: "layer", manifest } } as About;
  expect(isAbout(other, layer, null)).toBe(false);
});

test("it goes on where it was, whatever piece the break was in", async () => {
  for (const at of [1, 10, 500, stream.length - 1, stream.length]) {
    const first = await open();
    await first.write(stream.subarray(0, at));
    await first.shut();
    const second = await open();
    // Less than what tells whose bytes they are is worth nothing.
    expect(second.offset).toBe(decodeAbout(stream.subarray(0, at)) === null ? 0 : at);
    await second.write(stream.subarray(second.offset));
    await second.finish(end);
    expect(made.splice(0)).toEqual([{ path, about, offset: encodeAbout(about).length }]);
    rmSync(path);
  }
});

test("damaged, cut short or too long: refused, and begun anew", async () => {
  const bad = stream.slice();
  bad[5000]! ^= 1;
  for (const bytes of [bad, stream.subarray(0, -1), Buffer.concat([stream, Buffer.from("x")])]) {
    const sink = await open();
    await sink.write(bytes);
    await expect(sink.finish(end)).rejects.toMatchObject({ code: "conflict" });
    expect([existsSync(path), made]).toEqual([false, []]);
  }
  const sink = await open();
  await sink.write(stream.subarray(0, 5000));
  await sink.shut();
  appendFileSync(path, "rubbish");
  const again = await open();
  await again.write(stream.subarray(again.offset));
  await expect(again.finish(end)).rejects.toMatchObject({ code: "conflict" });
});

test("what was begun for something else is not gone on with", async () => {
  const sink = await open();
  await sink.write(stream.subarray(0, 5000));
  await sink.shut();
  const other = await open("p0");
  expect(other.offset).toBe(0);
  await other.shut();
  expect(statSync(path).size).toBe(0);
});

test("whoever was replaced writes nothing more; a full pool is said", async () => {
  const sink = await open();
  const writing = sink.write(stream);
  await sink.shut();
  await writing;
  expect(statSync(path).size).toBe(stream.length);
  await expect(sink.write(stream)).rejects.toMatchObject({ code: "unavailable" });
  full = "the storage pool is full";
  await expect(open()).rejects.toMatchObject({ code: "disk_full" });
});
