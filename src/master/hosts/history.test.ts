import { expect, test } from "bun:test";
import { HostHistory } from "./history.ts";

const used = (cpu: number) => ({ cpu, memory: 100, disk: 200 });

test("one sample every five seconds, an hour of them, oldest first", () => {
  const history = new HostHistory();
  for (let at = 0; at <= 2 * 3_600_000; at += 1_000) history.heard("a", used(at), at);
  const kept = history.of("a", 2 * 3_600_000);
  expect(kept).toHaveLength(720);
  expect(kept[0]!.at).toBe(3_605_000);
  expect(kept.at(-1)).toEqual({ at: 7_200_000, cpu: 7_200_000, memory: 100, disk: 200 });
  expect(history.of("b", 0)).toEqual([]);
});

test("of a host that was away, only the last hour is shown; of one that left, nothing", () => {
  const history = new HostHistory();
  history.heard("a", used(1), 0);
  history.heard("a", used(2), 3_000_000);
  expect(history.of("a", 4_000_000).map((s) => s.cpu)).toEqual([2]);
  history.forget("a");
  expect(history.of("a", 3_000_000)).toEqual([]);
});

test("a clock that is set back leaves times in order", () => {
  const history = new HostHistory();
  for (const at of [100_000, 105_000, 50_000, 55_000]) history.heard("a", used(at), at);
  expect(history.of("a", 105_000).map((s) => s.at)).toEqual([50_000, 55_000]);
});
