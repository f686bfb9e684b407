import { expect, test } from "bun:test";
import { renew } from "./results.ts";

const ORDER = ["one", "two", "three"];

test("what was not measured again stays, in order; what is no bench any more goes", () => {
  const first = renew(
    "",
    new Map([
      ["three", "- run 1\n\nold three\n"],
      ["gone", "x"],
    ]),
    ORDER,
  );
  const second = renew(
    first,
    new Map([
      ["one", "- run 2\n\n### A table\n"],
      ["three", "- run 2\n\nnew three"],
    ]),
    ORDER,
  );
  expect(second.split(/^(?=## )/m).slice(1)).toEqual([
    "## one\n\n- run 2\n\n### A table\n\n",
    "## three\n\n- run 2\n\nnew three\n",
  ]);
  expect(second).not.toContain("gone");
  expect(renew(second, new Map(), ORDER)).toBe(second);
});
