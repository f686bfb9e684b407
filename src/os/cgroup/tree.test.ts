import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processesIn, removeTree, writeThroughout } from "./tree.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "cgroup-tree-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** `depth` folders in one another, made by relative steps, so that the path of the last may be longer than any path. */
function nest(depth: number, content: string): void {
  const script = `i=0; while [ $i -lt ${depth} ]; do mkdir "$1"; cd -P "./$1" || exit 1; i=$((i+1)); done; ${content}`;
  const r = Bun.spawnSync(["sh", "-c", script, "sh", "n".repeat(200)], { cwd: root, stderr: "pipe" });
  if (r.exitCode !== 0) throw new Error(String(r.stderr));
}

test("folders nested deeper than a path can be long are read and removed", () => {
  mkdirSync(join(root, "top"));
  mkdirSync(join(root, "top/side"));
  writeFileSync(join(root, "procs"), "1\n2\n");
  nest(40, "echo 77 > procs");
  writeThroughout(root, "state", "THAWED");
  expect(readFileSync(join(root, "top/side/state"), "utf8")).toBe("THAWED");
  expect(processesIn(root, "procs").sort()).toEqual([1, 2, 77]);

  // A real cgroup's files go with its folder; here they have to go before.
  Bun.spawnSync(["find", root, "-type", "f", "-delete"]);
  removeTree(root);
  expect(existsSync(root)).toBe(false);
});

test("a folder that is not there holds nothing, and removing it is no error", () => {
  expect(processesIn(join(root, "no"), "procs")).toEqual([]);
  removeTree(join(root, "no"));
  expect(readdirSync(root)).toEqual([]);
});

test("no open folder is left behind", () => {
  nest(10, ":");
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  for (let i = 0; i < 50; i++) processesIn(root, "procs");
  expect(open()).toBeLessThanOrEqual(before);
});
