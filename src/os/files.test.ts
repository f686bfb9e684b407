import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "./files.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docklet-files-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

test("replaces the whole content, makes folders, leaves nothing beside it", () => {
  const path = join(dir, "a/b/file");
  writeFileAtomic(path, "first, longer");
  const inode = statSync(path).ino;
  writeFileAtomic(path, "second");
  expect(readFileSync(path, "utf8")).toBe("second");
  expect(statSync(path).ino).not.toBe(inode);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeFileAtomic(path, new Uint8Array([0, 255]), 0o644);
  expect([...readFileSync(path)]).toEqual([0, 255]);
  expect(statSync(path).mode & 0o777).toBe(0o644);
  expect(readdirSync(join(dir, "a/b"))).toEqual(["file"]);
});

test("megabytes arrive whole", () => {
  const big = new Uint8Array(8_000_000).fill(7);
  writeFileAtomic(join(dir, "big"), big);
  expect(statSync(join(dir, "big")).size).toBe(big.length);
});

test("when it fails the old content stays and no half file is left", () => {
  const path = join(dir, "target");
  mkdirSync(join(path, "in-the-way"), { recursive: true });
  expect(() => writeFileAtomic(path, "x")).toThrow();
  expect(readdirSync(dir)).toEqual(["target"]);
});
