import { describe, expect, test } from "bun:test";
import type { Step } from "../../contracts/public/index.ts";
import { aptAdvance, bootstrapAdvance, Progress } from "./progress.ts";

describe("apt's status lines", () => {
  test("downloads are the first part of the bar, installing is the rest", () => {
    const half = aptAdvance("dlstatus:17:50.0000:Retrieving file 17 of 30")!;
    const end = aptAdvance("dlstatus:30:100:Retrieving file 30 of 30")!;
    const begin = aptAdvance("pmstatus:dpkg-exec:0.0000:Running dpkg")!;
    expect(half.progress).toBeLessThan(end.progress);
    expect(end.progress).toBe(begin.progress);
    expect(half.message).toBe("Retrieving file 17 of 30");
  });

  test("a package of another architecture has a colon in its name", () => {
    expect(aptAdvance("pmstatus:libc6:amd64:100.0:Installed libc6:amd64 (amd64)")).toEqual({
      progress: 1,
      message: "Installed libc6:amd64 (amd64)",
    });
  });

  test.each(["", "Setting up nano (7.2-1) ...", "pmstatus:x", "pmerror:x:1.0:broken", "status: dl"])(
    "%p says nothing",
    (line) => {
      expect(aptAdvance(line)).toBeNull();
    },
  );
});

test("mmdebstrap's phases only go forward", () => {
  const lines = [
    "I: running apt-get update...",
    "I: downloading packages with apt...",
    "I: extracting archives...",
    "I: installing essential packages...",
    "I: installing remaining packages inside the chroot...",
  ];
  const seen = lines.map((l) => bootstrapAdvance(l)!.progress);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(bootstrapAdvance("I: automatically chosen format: directory")).toBeNull();
  expect(bootstrapAdvance("Get:1 something")).toBeNull();
});

describe("Progress", () => {
  const record = (now = () => 0) => {
    const told: Step[][] = [];
    return { told, progress: new Progress(["a", "b"], (s) => told.push(s), now), last: () => told.at(-1)! };
  };

  test("tells every change of state at once", () => {
    const { told, progress, last } = record();
    progress.start("a");
    progress.done("a", "kept");
    progress.start("b");
    progress.end("failed", "why");
    expect(told).toHaveLength(5);
    expect(last().map((s) => [s.state, s.message])).toEqual([
      ["done", "kept"],
      ["failed", "why"],
    ]);
  });

  test("tells advance at a bearable rate, and never backwards", () => {
    let now = 0;
    const { told, progress, last } = record(() => now);
    progress.start("a");
    const before = told.length;
    for (let i = 0; i < 1000; i++) {
      now += 1;
      progress.advance("a", { progress: i / 1000, message: `${i}` });
    }
    expect(told.length - before).toBeLessThan(10);
    now += 1000;
    progress.advance("a", { progress: 0.1, message: "again" });
    expect(last()[0]!.progress).toBeGreaterThan(0.99);
  });

  test("what was told is not changed afterwards", () => {
    const { told, progress } = record();
    const first = told[0]!;
    progress.start("a");
    expect(first[0]!.state).toBe("waiting");
  });
});
