import { expect, test } from "bun:test";
import { type Exception, excepted, files, isCode, read } from "./tree.ts";

const LIMIT = 400;

const LONG: Exception[] = [
  { path: "install.sh", reason: "is fetched as one file and must run before anything else is there" },
];

const count = (file: string): number => read(file).split("\n").length - 1;
const written = files.filter((f) => isCode(f) || f.endsWith(".sh") || f.endsWith(".css"));

test(`no file has more than ${LIMIT} lines`, () => {
  const long = written.filter((f) => count(f) > LIMIT && !excepted(f, LONG)).map((f) => `${f}: ${count(f)} lines`);
  expect(long).toEqual([]);
});

test("most files are short", () => {
  const sizes = written
    .filter((f) => f.startsWith("src/"))
    .map(count)
    .sort((a, b) => a - b);
  const at = (share: number) => sizes[Math.min(sizes.length - 1, Math.floor(sizes.length * share))]!;
  console.info(
    `src: ${sizes.length} files, ${sizes.reduce((a, b) => a + b, 0)} lines, median ${at(0.5)}, p90 ${at(0.9)}`,
  );
  expect(at(0.5)).toBeLessThanOrEqual(150);
  expect(at(0.9)).toBeLessThanOrEqual(250);
});
