import { expect, test } from "bun:test";
import { safeNext } from "./nextPath.ts";

test.each([
  ["/", "/"],
  ["/vclusters/lab?tab=events", "/vclusters/lab?tab=events"],
  ["/open?slug=abc&path=%2Flab", "/open?slug=abc&path=%2Flab"],
])("keeps a path on this origin: %p", (given, kept) => {
  expect(safeNext(given)).toBe(kept);
});

test.each([
  "//evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "https://evil.example/",
  "javascript:alert(1)",
  "/\t/evil.example",
  "/\n/evil.example",
  "/a\\..\\..\\b",
  "/..//evil.example",
  "/.//evil.example",
  "evil",
  "",
  "/login",
  "/login?next=/x",
  `/${"a".repeat(3000)}`,
  undefined,
  null,
  42,
  [["/x"]],
])("refuses %p", (given) => {
  expect(safeNext(given)).toBe("/");
});
