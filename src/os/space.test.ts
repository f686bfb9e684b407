import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { holdAhead, makeSpare, openSpare } from "./space.ts";

const MIB = 1_048_576;

test("held space is the file's own, and its length stays", async () => {
  const dir = mkdtempSync(join(tmpdir(), "docklet-space-"));
  try {
    const file = join(dir, "db");
    writeFileSync(file, "x");
    expect(await holdAhead(file, MIB)).toBe(true);
    expect(statSync(file)).toMatchObject({ size: 1 });
    expect(statSync(file).blocks * 512).toBeGreaterThanOrEqual(MIB);
    expect(await holdAhead(join(dir, "missing"), MIB)).toBe(false);
    const spare = join(dir, "spare");
    expect(await makeSpare(spare)).toBe(true);
    expect(await makeSpare(spare)).toBe(true);
    openSpare(spare, dir);
    // There is room, so it is kept.
    expect(existsSync(spare)).toBe(true);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
