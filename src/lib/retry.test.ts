import { describe, expect, test } from "bun:test";
import { allEnded, sleep, until } from "./retry.ts";

describe("sleep", () => {
  test("rejects with the reason of its signal, before and during", async () => {
    const reason = new Error("enough");
    expect(await sleep(60_000, AbortSignal.abort(reason)).catch((e) => e)).toBe(reason);
    const abort = new AbortController();
    const sleeping = sleep(60_000, abort.signal).catch((e) => e);
    abort.abort(reason);
    expect(await sleeping).toBe(reason);
  });

  test("an abort that comes too late changes nothing", async () => {
    const abort = new AbortController();
    await sleep(0, abort.signal);
    abort.abort();
  });
});

describe("until", () => {
  const soon = { timeoutMs: 60_000, firstMs: 0, maxMs: 0 };

  test("returns the first truthy answer and asks no more", async () => {
    let asked = 0;
    expect(await until("three", () => (++asked >= 3 ? `after ${asked}` : null), soon)).toBe("after 3");
    expect(asked).toBe(3);
  });

  test("what the probe throws is thrown", async () => {
    const e = await until("x", () => Promise.reject(new Error("broken")), soon).catch((x) => x);
    expect(e.message).toBe("broken");
  });

  test("says what it waited for when the time is over; asks at least once", async () => {
    let asked = 0;
    const e = await until("the bus", () => void asked++, { timeoutMs: 0 }).catch((x) => x);
    expect(e.message).toContain("the bus");
    expect(asked).toBe(1);
  });

  test("ends with the reason of its signal", async () => {
    const abort = new AbortController();
    const waiting = until("never", () => false, { timeoutMs: 60_000, firstMs: 30_000, signal: abort.signal });
    abort.abort(new Error("changed my mind"));
    expect(await waiting.catch((e) => e.message)).toBe("changed my mind");
  });
});

test("allEnded rejects with the first failure, after the last of them has ended", async () => {
  const ended: string[] = [];
  const slow = sleep(5).then(() => ended.push("slow"));
  const failing = Promise.reject(new Error("no"));
  await expect(allEnded([failing, slow, undefined])).rejects.toThrow("no");
  expect(ended).toEqual(["slow"]);
  await allEnded([Promise.resolve(1)]);
});
