import { describe, expect, test } from "bun:test";
import { createLogger, silentLogger } from "../lib/log.ts";
import { type Component, startAll, stopAll } from "./component.ts";

let seen: string[];
const part = (name: string, more: Partial<Component> = {}): Component => ({
  name,
  start: async () => void seen.push(`start ${name}`),
  stop: async (grace) => void seen.push(`stop ${name} ${grace}`),
  ...more,
});
const breaks = () => Promise.reject(new Error("broken"));

describe("starting", () => {
  test("in order, each after the one before", async () => {
    seen = [];
    const slow = part("slow", {
      start: async () => {
        await Bun.sleep(5);
        seen.push("start slow");
      },
    });
    await startAll([part("a"), slow, part("b")], silentLogger);
    expect(seen).toEqual(["start a", "start slow", "start b"]);
  });

  test("a failure stops those that were started, in reverse, and no other; and is thrown and logged by name", async () => {
    seen = [];
    const lines: string[] = [];
    const log = createLogger("info", { write: (l) => void lines.push(l) });
    const started = startAll([part("a"), part("b"), part("bad", { start: breaks }), part("c")], log);
    expect(await started.catch((e: Error) => e.message)).toBe("broken");
    expect(seen.map((s) => s.replace(/ \d+$/, ""))).toEqual(["start a", "start b", "stop b", "stop a"]);
    expect(lines.join("")).toContain("bad did not start: broken");
  });
});

describe("stopping", () => {
  test("in reverse, each with the grace; one that fails does not keep the others", async () => {
    seen = [];
    await stopAll([part("a"), part("bad", { stop: breaks }), part("c")], 70, silentLogger);
    expect(seen).toEqual(["stop c 70", "stop a 70"]);
  });

  test("one that throws at once, or hangs for ever, does not either", async () => {
    seen = [];
    const throws = part("throws", {
      stop: () => {
        throw new Error("at once");
      },
    });
    const hangs = part("hangs", { stop: () => new Promise(() => {}) });
    // Nothing is waited for beyond the grace and two seconds: a grace below that ends the wait right away.
    await stopAll([part("a"), throws, hangs], -2_000, silentLogger);
    expect(seen).toEqual(["stop a -2000"]);
  });
});
