import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tree } from "./tree.ts";

let dir: string;
let top: string;
let lower: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tree-"));
  top = join(dir, "top");
  lower = join(dir, "lower");
  for (const d of [top, lower, join(dir, "host")]) mkdirSync(d);
});
afterEach(() => rmSync(dir, { recursive: true }));

const read = (path: string) => readFileSync(join(top, path), "utf8");

describe("Tree", () => {
  test("writes a file with its folders and its exact mode", () => {
    new Tree(top).write("/etc/a/b.conf", "x", 0o640);
    expect(read("etc/a/b.conf")).toBe("x");
    expect(statSync(join(top, "etc/a/b.conf")).mode & 0o777).toBe(0o640);
    expect(statSync(join(top, "etc/a")).mode & 0o777).toBe(0o755);
  });

  test("an absolute link stays inside the tree", () => {
    mkdirSync(join(top, "run"));
    mkdirSync(join(top, "var"));
    symlinkSync("/run", join(top, "var/run"));
    symlinkSync(join(dir, "host"), join(top, "out"));
    const tree = new Tree(top);
    tree.write("/var/run/x", "in");
    tree.write("/out/y", "in");
    expect(read("run/x")).toBe("in");
    expect(existsSync(join(dir, "host/y"))).toBe(false);
    expect(read(`${dir}/host/y`)).toBe("in");
  });

  test("a link out of the tree by .. ends at its top", () => {
    symlinkSync("../../../../..", join(top, "up"));
    new Tree(top).write("/up/x", "in");
    expect(read("x")).toBe("in");
  });

  test("a file that is a link is replaced, not followed", () => {
    writeFileSync(join(dir, "host/secret"), "untouched");
    symlinkSync(join(dir, "host/secret"), join(top, "f"));
    new Tree(top).write("/f", "new");
    expect(readFileSync(join(dir, "host/secret"), "utf8")).toBe("untouched");
    expect(lstatSync(join(top, "f")).isFile()).toBe(true);
  });

  test("links of a lower layer are followed, its folders keep their mode", () => {
    mkdirSync(join(lower, "usr/lib"), { recursive: true });
    mkdirSync(join(lower, "closed"), { mode: 0o700 });
    symlinkSync("usr/lib", join(lower, "lib"));
    const tree = new Tree(top, [lower]);
    tree.write("/lib/x", "1");
    tree.write("/closed/y", "2");
    expect(read("usr/lib/x")).toBe("1");
    expect(statSync(join(top, "closed")).mode & 0o777).toBe(0o700);
    expect(tree.has("/lib/x")).toBe(true);
    expect(tree.has("/lib/z")).toBe(false);
  });

  test("a circle of links is an error", () => {
    symlinkSync("b", join(top, "a"));
    symlinkSync("a", join(top, "b"));
    expect(() => new Tree(top).write("/a/x", "")).toThrow("too many symbolic links");
  });

  test("a folder is not replaced by a file", () => {
    mkdirSync(join(top, "etc"));
    writeFileSync(join(top, "etc/x"), "");
    expect(() => new Tree(top).write("/etc", "x")).toThrow();
    expect(() => new Tree(top).write("/", "x")).toThrow();
    expect(existsSync(join(top, "etc/x"))).toBe(true);
  });

  test("link and remove", () => {
    const tree = new Tree(top);
    tree.link("/etc/hosts", "/run/docklet/hosts");
    expect(readlinkSync(join(top, "etc/hosts"))).toBe("/run/docklet/hosts");
    tree.remove("/etc/hosts");
    tree.remove("/nothing/there");
    expect(tree.has("/etc/hosts")).toBe(false);
  });
});
