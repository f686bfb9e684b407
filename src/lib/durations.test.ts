import { expect, test } from "bun:test";
import { parseSeconds } from "./durations.ts";

test("times as people write them", () => {
  expect(["90", "90s", "30m", "2min", "24h", " 7 d "].map(parseSeconds)).toEqual([90, 90, 1800, 120, 86_400, 604_800]);
  for (const bad of ["", "h", "-1h", "1.5h", "1 week", "1hh", "0x10"])
    expect(() => parseSeconds(bad)).toThrow("not a time");
});
