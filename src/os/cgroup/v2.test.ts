import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detectCgroups } from "./detect.ts";
import { CgroupV2 } from "./v2.ts";

/** Plain files stand for the kernel's: what a group is told can be read back, nothing happens by itself. */
let root: string;
let cgroups: CgroupV2;
const put = (path: string, text: string) => writeFileSync(join(root, path), text);
const got = (path: string) => readFileSync(join(root, path), "utf8");
function group(path: string, controllers = "cpuset cpu io memory hugetlb pids rdma misc"): void {
  mkdirSync(join(root, path), { recursive: true });
  put(join(path, "cgroup.controllers"), `${controllers}\n`);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "cgroup2-"));
  group("");
  cgroups = new CgroupV2(root);
});
afterEach(() => rmSync(root, { recursive: true }));

test("a root with cgroup.controllers is v2, any other is v1", () => {
  expect(detectCgroups(root).version).toBe(2);
  expect(detectCgroups(join(root, "elsewhere")).version).toBe(1);
});

describe("create", () => {
  test("every level above hands its controllers down, the new group keeps them for itself", () => {
    group("docklet-ab");
    cgroups.create("docklet-ab/n1");
    for (const level of ["", "docklet-ab"])
      expect(got(join(level, "cgroup.subtree_control")).split(" ").sort()).toEqual([
        "+cpu",
        "+cpuset",
        "+io",
        "+memory",
        "+pids",
      ]);
    expect(existsSync(join(root, "docklet-ab/n1/cgroup.subtree_control"))).toBe(false);
    expect(cgroups.exists("docklet-ab/n1")).toBe(true);
  });

  test("asks only for controllers that the level above gave", () => {
    group("docklet-ab", "cpu pids");
    cgroups.create("docklet-ab/n1");
    expect(got("docklet-ab/cgroup.subtree_control").split(" ").sort()).toEqual(["+cpu", "+pids"]);
  });

  test("a level with none asks for nothing, which the kernel would refuse", () => {
    group("docklet-ab", "");
    cgroups.create("docklet-ab/n1");
    expect(existsSync(join(root, "docklet-ab/cgroup.subtree_control"))).toBe(false);
  });

  test("again is no error", () => {
    group("docklet-ab");
    for (let i = 0; i < 2; i++) cgroups.create("docklet-ab/n1");
    expect(cgroups.children("docklet-ab")).toEqual(["n1"]);
  });
});

describe("limit", () => {
  const limits = { cpu: 1.5, memory: 512, pids: 100, shares: 1024 };
  const write = (more = {}) => {
    cgroups.limit("n1", { ...limits, ...more });
    return Object.fromEntries(["memory.max", "cpu.max", "cpu.weight", "pids.max"].map((f) => [f, got(join("n1", f))]));
  };
  beforeEach(() => group("n1"));

  test("bytes, microseconds in a tenth of a second, processes", () => {
    expect(write()).toEqual({
      "memory.max": "536870912",
      "cpu.max": "150000 100000",
      "cpu.weight": "40",
      "pids.max": "100",
    });
  });

  test("shares become the weight that the kernel would make of them", () => {
    const weight = (shares: number) => Number(write({ shares })["cpu.weight"]);
    expect([2, 64, 1024, 10_240, 262_144, 1, 10 ** 6].map(weight)).toEqual([1, 3, 40, 392, 10_000, 1, 10_000]);
  });

  test("a tiny share of a core is still one that the kernel takes", () => {
    expect(write({ cpu: 0.001 })["cpu.max"]).toBe("1000 100000");
  });

  test("no swap beyond the limit, where there is swap accounting", () => {
    write();
    expect(existsSync(join(root, "n1/memory.swap.max"))).toBe(false);
    put("n1/memory.swap.max", "max");
    write();
    expect(got("n1/memory.swap.max")).toBe("0");
  });
});

test("use: nanoseconds, memory without the file cache, processes", () => {
  group("n1");
  put("n1/memory.current", "1000000\n");
  put("n1/memory.stat", "anon 600000\nfile 400000\nactive_file 150000\ninactive_file 250000\n");
  put("n1/cpu.stat", "usage_usec 123456\nuser_usec 100000\nsystem_usec 23456\n");
  put("n1/pids.current", "7\n");
  expect(cgroups.use("n1")).toEqual({ cpu: 123_456_000, memory: 750_000, pids: 7 });
  put("n1/memory.current", "200000\n");
  expect(cgroups.use("n1").memory).toBe(0);
  expect(() => cgroups.use("gone")).toThrow();
});

test("freeze and thaw", () => {
  group("n1");
  cgroups.freeze("n1", true);
  expect(got("n1/cgroup.freeze")).toBe("1");
  cgroups.freeze("n1", false);
  expect(got("n1/cgroup.freeze")).toBe("0");
});

test("processes of a group and of all below it", () => {
  for (const [path, pids] of [
    ["n1", "10\n11\n"],
    ["n1/c", ""],
    ["n1/c/system.slice", "12\n"],
    ["n2", "99\n"],
  ] as const) {
    group(path);
    put(join(path, "cgroup.procs"), pids);
  }
  expect(cgroups.processes("n1").sort()).toEqual([10, 11, 12]);
  expect(cgroups.processes("nowhere")).toEqual([]);
});

test("remove takes the deepest first; a group with something in it is an error", () => {
  mkdirSync(join(root, "n1/c/a/b"), { recursive: true });
  mkdirSync(join(root, "n1/d"));
  cgroups.remove("n1");
  expect(cgroups.exists("n1")).toBe(false);
  cgroups.remove("n1");

  mkdirSync(join(root, "n2/c"), { recursive: true });
  put("n2/c/held", "");
  expect(() => cgroups.remove("n2")).toThrow();
  expect(cgroups.exists("n2/c")).toBe(true);
});

test("LXC goes below the limits, its monitor beside them, devices by list", () => {
  expect(cgroups.lxcConfig("docklet-ab/n1")).toMatchInlineSnapshot(`
    [
      "lxc.cgroup.relative = 0",
      "lxc.cgroup.dir.container = docklet-ab/n1/c",
      "lxc.cgroup.dir.monitor = docklet-ab-mon/n1",
      "lxc.cgroup2.devices.deny = a",
      "lxc.cgroup2.devices.allow = c 1:3 rwm",
      "lxc.cgroup2.devices.allow = c 1:5 rwm",
      "lxc.cgroup2.devices.allow = c 1:7 rwm",
      "lxc.cgroup2.devices.allow = c 1:8 rwm",
      "lxc.cgroup2.devices.allow = c 1:9 rwm",
      "lxc.cgroup2.devices.allow = c 5:0 rwm",
      "lxc.cgroup2.devices.allow = c 5:1 rwm",
      "lxc.cgroup2.devices.allow = c 5:2 rwm",
      "lxc.cgroup2.devices.allow = c 136:* rwm",
      "lxc.cgroup2.devices.allow = c 10:229 rwm",
    ]
  `);
});

test("what is to die is not throttled; where there is no group nothing happens", () => {
  group("n1");
  writeFileSync(join(root, "n1/cpu.max"), "50000 100000");
  cgroups.unthrottle("n1");
  expect(readFileSync(join(root, "n1/cpu.max"), "utf8")).toBe("max 100000");
  cgroups.unthrottle("absent");
});

test("only what we froze counts as frozen; somebody else can do it by one write", () => {
  group("n1");
  expect(cgroups.isFrozen("n1")).toBe(false);
  cgroups.freeze("n1", true);
  expect(cgroups.isFrozen("n1")).toBe(true);
  const { file, frozen } = cgroups.freezer("n1");
  cgroups.freeze("n1", false);
  expect(cgroups.isFrozen("n1")).toBe(false);
  writeFileSync(file, frozen);
  expect(cgroups.isFrozen("n1")).toBe(true);
});
