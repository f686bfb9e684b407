import { expect, test } from "bun:test";
import { STATUS } from "../../src/lib/errors.ts";
import { read } from "./tree.ts";

const rows = new Map(
  [...read("docs/errors.md").matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| (.+) \| (.+) \|$/gm)].map((m) => [m[1]!, m]),
);

test("every error code is documented, with the status that it has", () => {
  const documented = Object.fromEntries([...rows].map(([code, m]) => [code, Number(m[2])]));
  expect(documented).toEqual(STATUS);
});
