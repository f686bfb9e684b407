import { expect, test } from "bun:test";
import type { MasterFrame } from "../contracts/master.ts";
import { silentLogger } from "../lib/log.ts";
import { until } from "../lib/retry.ts";
import { Frames } from "./frames.ts";

const frame = (id: string): MasterFrame => ({ type: "vcluster.deleted", data: { id, name: "n", owner: "o" } });
const listen = (f: Frames) => {
  const got: string[] = [];
  f.subscribe((x) => got.push(x.type === "vcluster.deleted" ? x.data.id : x.type));
  return got;
};

test("the first is told at once, the ones soon after as one: the newest", async () => {
  const f = new Frames(silentLogger);
  const got = listen(f);
  for (const id of ["a", "b", "c"]) f.pulse("k", () => frame(id));
  f.pulse("other", () => frame("x"));
  expect(got).toEqual(["a", "x"]);
  await until("the rest", () => got.length === 3, { timeoutMs: 2000 });
  expect(got).toEqual(["a", "x", "c"]);
  f.stop();
});

test("what is held back can be told now, and is not told twice", async () => {
  const f = new Frames(silentLogger);
  const got = listen(f);
  f.pulse("k", () => frame("a"));
  f.pulse("k", () => frame("b"));
  f.flush("k");
  f.flush("k");
  expect(got).toEqual(["a", "b"]);
  await new Promise((r) => setTimeout(r, 80));
  expect(got).toEqual(["a", "b"]);
  f.stop();
});

test("a watcher that throws doesn't keep the others from hearing, and one that left hears nothing", () => {
  const f = new Frames(silentLogger);
  const leave = f.subscribe(() => {
    throw new Error("watcher");
  });
  const got = listen(f);
  f.emit(frame("a"));
  leave();
  f.emit(frame("b"));
  expect(got).toEqual(["a", "b"]);
});
