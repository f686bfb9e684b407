import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatBytes, formatMiB, parseMiB } from "./units.ts";

test("sizes as people write them", () => {
  for (const [text, mib] of [
    ["512", 512],
    ["512M", 512],
    ["512 MiB", 512],
    ["2g", 2048],
    [" 1.5GiB ", 1536],
    ["1T", 1_048_576],
    ["0.25tb", 262_144],
  ] as const)
    expect(parseMiB(text)).toBe(mib);
});

test("anything else is refused with an example", () => {
  for (const text of ["", "M", "-1G", "1e9", "2 K", "1,5G", "1G1", "0x10", "½G", "1\n2", "Infinity", "9".repeat(400)]) {
    let e: { code?: string; hint?: string; message?: string } = {};
    try {
      parseMiB(text);
    } catch (x) {
      e = x as typeof e;
    }
    expect([text.slice(0, 9), e.code]).toEqual([text.slice(0, 9), "invalid"]);
    expect(e.hint).toContain("2G");
    expect(e.message!.length).toBeLessThan(100);
  }
});

test("what is shown can be typed in again and means about the same", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 }), (mib) => {
      const again = parseMiB(formatMiB(mib));
      expect(Math.abs(again - mib)).toBeLessThanOrEqual(mib * 0.051);
      if (mib < 1024) expect(again).toBe(mib);
    }),
  );
});

test("whole sizes round-trip", () => {
  for (const text of ["300 MiB", "1.5 GiB", "2 GiB", "16 GiB", "1 TiB"]) expect(formatMiB(parseMiB(text))).toBe(text);
  expect([0, 1023, 1536, 10 * 1024 ** 3, 2 ** 60].map(formatBytes)).toEqual([
    "0 B",
    "1023 B",
    "1.5 KiB",
    "10 GiB",
    "1048576 TiB",
  ]);
});
