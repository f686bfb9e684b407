import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { settingsTable } from "./docs.ts";
import { KEYS } from "./load.ts";
import { type Setting, settings } from "./schema.ts";

test("every setting that may be used is in the table, in one row, with its default", () => {
  const lines = settingsTable
    .markdown()
    .split("\n")
    .filter((l) => l.startsWith("| `"));
  const used = KEYS.filter((k) => !(settings[k] as Setting).retired);
  expect(lines).toHaveLength(used.length);
  for (const [i, key] of used.entries()) {
    expect(lines[i]).toStartWith(`| \`${key}\``);
    expect(lines[i]).toContain(settings[key].default);
    expect(lines[i]!.replaceAll("\\|", "").split("|")).toHaveLength(5);
  }
  expect(settingsTable.markdown()).toContain("also `PORTAL_PORT`");
  expect(settingsTable.markdown()).not.toContain("AUTH_KEY");
});

test("docs/config.md is what `docklet config docs` prints", () => {
  expect(readFileSync(join(import.meta.dir, "../../docs/config.md"), "utf8")).toBe(settingsTable.markdown());
});
