import { expect, test } from "bun:test";
import { placedSummary } from "./placed.ts";

const node = (owner: string, state: "ready" | "stopped" = "ready") => ({
  owner,
  state,
  size: { cpu: 1, memory: 1024, disk: 10_240 },
});

test("says how much, whose, and how much of it runs", () => {
  expect(placedSummary([node("root"), node("ann"), node("ann", "stopped")])).toEqual({
    nodes: 3,
    running: 2,
    owners: ["ann", "root"],
    text: "3 nodes of ann and root (30 GiB of disk)",
  });
  expect(placedSummary([node("ann")]).text).toBe("1 node of ann (10 GiB of disk)");
  expect(placedSummary([]).text).toBe("no nodes");
});

test("many people are not listed one by one", () => {
  expect(placedSummary("abcdefgh".split("").map((o) => node(o))).text).toStartWith("8 nodes of a, b, c and 5 others");
});
