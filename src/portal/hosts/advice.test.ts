import { expect, test } from "bun:test";
import { adviceFor, hostsSummary } from "./advice.ts";
import { sentence } from "./sentence.ts";

test("a ready host needs no words, any other gets them", () => {
  expect(adviceFor({ name: "quay-1", state: "ready" })).toBeNull();
  for (const state of ["joining", "unreachable", "cordoned", "draining", "removed"] as const)
    expect(adviceFor({ name: "quay-1", state })!.means).toContain("quay-1");
});

test("the summary counts states, ready ones first", () => {
  expect(hostsSummary([{ state: "unreachable" }, { state: "ready" }, { state: "ready" }])).toBe(
    "3 hosts: 2 ready, 1 unreachable",
  );
  expect(hostsSummary([{ state: "ready" }])).toBe("1 host: 1 ready");
});

test("a reason becomes a sentence", () => {
  expect(sentence({ name: "quay-2", reason: "is not connected" })).toBe("quay-2 is not connected.");
  expect(sentence({ name: "quay-2", reason: "The pool is full." })).toBe("The pool is full.");
  expect(sentence({ name: "quay-2", reason: null })).toBe("");
});
