import { expect, test } from "bun:test";
import { SharedWork } from "./shared-work.ts";

const never = () => new AbortController();
const untilAborted = (signal: AbortSignal) =>
  new Promise<string>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

test("callers of one key share one body and its result; another key has its own", async () => {
  const work = new SharedWork<string, number>();
  let begun = 0;
  const body = async () => ++begun;
  const [a, b, c] = await Promise.all([
    work.run("x", never().signal, body),
    work.run("x", never().signal, body),
    work.run("y", never().signal, body),
  ]);
  expect([a, b, c]).toEqual([1, 1, 2]);
  expect(await work.run("x", never().signal, body)).toBe(3);
});

test("a failure is everybody's, and the next caller begins anew", async () => {
  const work = new SharedWork<string, number>();
  const fail = async () => {
    throw new Error("no");
  };
  const both = await Promise.allSettled([work.run("x", never().signal, fail), work.run("x", never().signal, fail)]);
  expect(both.map((r) => r.status)).toEqual(["rejected", "rejected"]);
  expect(await work.run("x", never().signal, async () => 5)).toBe(5);
});

test("the last one that leaves cancels it, and is let go when it has ended; who comes meanwhile begins anew", async () => {
  const work = new SharedWork<string, string>();
  const [one, two] = [never(), never()];
  const ended = Promise.withResolvers<void>();
  let aborted = 0;
  const body = async (signal: AbortSignal) => {
    try {
      return await untilAborted(signal);
    } finally {
      aborted++;
      await ended.promise;
    }
  };
  const first = work.run("x", one.signal, body);
  const second = work.run("x", two.signal, body);
  one.abort(new Error("one leaves"));
  await expect(first).rejects.toThrow("one leaves");
  expect(aborted).toBe(0);
  let over = false;
  two.abort(new Error("two leaves"));
  const leaving = second.catch((e: Error) => {
    over = true;
    return e.message;
  });
  const third = work.run("x", never().signal, async () => "anew");
  await Promise.resolve();
  expect([aborted, over]).toEqual([1, false]);
  ended.resolve();
  expect(await leaving).toBe("two leaves");
  expect(await third).toBe("anew");
});

test("stopped, everything ends with the reason", async () => {
  const work = new SharedWork<string, string>();
  const running = work.run("x", never().signal, untilAborted);
  running.catch(() => {});
  await work.stop(new Error("stopping"));
  await expect(running).rejects.toThrow("stopping");
  const gone = never();
  gone.abort(new Error("too late"));
  await expect(work.run("x", gone.signal, untilAborted)).rejects.toThrow("too late");
});
