import { expect, test } from "bun:test";
import { formatAgo, formatDuration } from "./time.ts";

const NOW = 1_760_000_000_000;

test("times are told relative to now, in both directions", () => {
  expect(formatAgo(NOW - 3000, NOW)).toBe("just now");
  expect(formatAgo(NOW - 5 * 60_000, NOW)).toBe("5 min ago");
  expect(formatAgo(NOW - 26 * 3_600_000, NOW)).toBe("1 day ago");
  expect(formatAgo(NOW + 3 * 86_400_000, NOW)).toBe("in 3 days");
  expect(formatAgo(NOW + 1000, NOW)).toBe("in a moment");
});

test("durations keep two units and drop what is nothing", () => {
  expect(formatDuration(350)).toBe("0.35 s");
  expect(formatDuration(9200)).toBe("9.2 s");
  expect(formatDuration(75_000)).toBe("1 min 15 s");
  expect(formatDuration(3_600_000)).toBe("1 h");
  expect(formatDuration(90_000_000)).toBe("1 day 1 h");
  expect(formatDuration(-5)).toBe("0.00 s");
});
