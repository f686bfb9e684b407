import { expect, test } from "bun:test";
import { basename, dirname } from "node:path";
import { checksum, locked, migrations } from "./migration-lock.ts";

test("migrations never change, and none disappears", () => {
  const wrong = [...locked()].filter(([f, sum]) => !migrations().includes(f) || checksum(f) !== sum).map(([f]) => f);
  // Put the file back and add a new migration; see migration-lock.ts.
  expect(wrong).toEqual([]);
});

test("new migrations are locked: bun test/arch/migration-lock.ts", () => {
  expect(migrations().filter((f) => !locked().has(f))).toEqual([]);
});

test("they are numbered without gaps", () => {
  const byFolder = Map.groupBy(migrations(), dirname);
  for (const [folder, list] of byFolder) {
    const numbers = list.map((f) => Number(basename(f).slice(0, 4)));
    expect([folder, ...numbers]).toEqual([folder, ...numbers.map((_, i) => i + 1)]);
  }
});
