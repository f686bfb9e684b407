import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import * as fs from "node:fs";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { DEVICES } from "./cgroup.ts";
import { CgroupV1 } from "./v1.ts";

/** Plain folders stand for the controllers' trees. `writes` is everything that was written, in order. */
let root: string;
let cgroups: CgroupV1;
let writes: [string, string][];
let refuse: (path: string) => boolean;
let spy: { mockRestore(): void };
const put = (path: string, text: string) => {
  mkdirSync(join(root, path, ".."), { recursive: true });
  real(join(root, path), text);
};
const got = (path: string) => readFileSync(join(root, path), "utf8");
const written = (...files: string[]) => writes.filter(([path]) => files.includes(path.split("/").at(-1)!));
const real = writeFileSync;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "cgroup1-"));
  for (const c of ["cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "pids"]) mkdirSync(join(root, c));
  put("cpuset/cpuset.cpus", "0-3\n");
  put("cpuset/cpuset.mems", "0\n");
  cgroups = new CgroupV1(root);
  writes = [];
  refuse = () => false;
  spy = spyOn(fs, "writeFileSync").mockImplementation(((file: string, data: string) => {
    const path = relative(root, file);
    writes.push([path, data]);
    if (refuse(path)) throw Object.assign(new Error("EBUSY: device or resource busy"), { code: "EBUSY" });
    real(file, data);
  }) as typeof writeFileSync);
});
afterEach(() => {
  spy.mockRestore();
  rmSync(root, { recursive: true });
});

describe("create", () => {
  test("a folder in every controller that the host has, and in no other", () => {
    cgroups.create("docklet-ab/n1");
    for (const c of ["cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "pids"])
      expect(existsSync(join(root, c, "docklet-ab/n1"))).toBe(true);
    expect(existsSync(join(root, "blkio"))).toBe(false);
  });

  test("cpus and memory nodes come from above before children may copy them", () => {
    cgroups.create("docklet-ab/n1");
    expect(written("cpuset.cpus", "cpuset.mems", "cgroup.clone_children")).toEqual(
      ["docklet-ab", "docklet-ab/n1"].flatMap((g): [string, string][] => [
        [`cpuset/${g}/cpuset.cpus`, "0-3"],
        [`cpuset/${g}/cpuset.mems`, "0"],
        [`cpuset/${g}/cgroup.clone_children`, "1"],
      ]),
    );
  });

  test("a cpuset that was left empty by a crash is filled; one that is set is left alone", () => {
    mkdirSync(join(root, "cpuset/docklet-ab"));
    put("cpuset/docklet-ab/cpuset.cpus", "\n");
    put("cpuset/docklet-ab/cpuset.mems", "\n");
    cgroups.create("docklet-ab");
    expect(got("cpuset/docklet-ab/cpuset.cpus")).toBe("0-3");
    writes = [];
    cgroups.create("docklet-ab");
    expect(written("cpuset.cpus", "cpuset.mems")).toEqual([]);
  });

  test("devices: all denied first, then the list; only for nodes, not for their root", () => {
    cgroups.create("docklet-ab");
    expect(written("devices.deny", "devices.allow")).toEqual([]);
    cgroups.create("docklet-ab/n1");
    expect(written("devices.deny", "devices.allow")).toEqual([
      ["devices/docklet-ab/n1/devices.deny", "a"],
      ...DEVICES.map((d): [string, string] => ["devices/docklet-ab/n1/devices.allow", d]),
    ]);
    expect(DEVICES.some((d) => /^[ab]|^c \*|^b/.test(d))).toBe(false);
  });
});

describe("limit", () => {
  const limits = { cpu: 1.5, memory: 512, pids: 100, shares: 1024 };
  const MIB = 1_048_576;
  beforeEach(() => {
    put("memory/n1/memory.limit_in_bytes", "9223372036854771712\n");
    for (const c of ["cpu", "pids"]) mkdirSync(join(root, c, "n1"));
  });
  const memory = () => written("memory.limit_in_bytes", "memory.memsw.limit_in_bytes").map(([p]) => p.split("/")[2]);

  test("bytes, microseconds in a tenth of a second, shares, processes", () => {
    cgroups.limit("n1", limits);
    expect(Object.fromEntries(writes)).toEqual({
      "memory/n1/memory.limit_in_bytes": String(512 * MIB),
      "cpu/n1/cpu.cfs_period_us": "100000",
      "cpu/n1/cpu.cfs_quota_us": "150000",
      "cpu/n1/cpu.shares": "1024",
      "pids/n1/pids.max": "100",
    });
  });

  test("memory with swap: the outer limit is raised first and lowered last", () => {
    put("memory/n1/memory.memsw.limit_in_bytes", "9223372036854771712\n");
    cgroups.limit("n1", limits);
    expect(memory()).toEqual(["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]);
    writes = [];
    cgroups.limit("n1", { ...limits, memory: 1024 });
    expect(memory()).toEqual(["memory.memsw.limit_in_bytes", "memory.limit_in_bytes"]);
    writes = [];
    cgroups.limit("n1", { ...limits, memory: 256 });
    expect(memory()).toEqual(["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]);
    expect(got("memory/n1/memory.memsw.limit_in_bytes")).toBe(String(256 * MIB));
  });

  test("memory that is in use cannot be taken away: the kernel's refusal is the caller's", () => {
    refuse = (path) => path.endsWith("memory.limit_in_bytes");
    expect(() => cgroups.limit("n1", limits)).toThrow(expect.objectContaining({ code: "EBUSY" }));
  });

  test("the least that the kernel takes", () => {
    cgroups.limit("n1", { ...limits, cpu: 0.001, shares: 0 });
    expect([got("cpu/n1/cpu.cfs_quota_us"), got("cpu/n1/cpu.shares")]).toEqual(["1000", "2"]);
  });
});

test("use: nanoseconds, memory without the file cache of all below, processes", () => {
  put("memory/n1/memory.usage_in_bytes", "1000000\n");
  put("memory/n1/memory.stat", "inactive_file 1\ntotal_inactive_file 250000\n");
  put("cpuacct/n1/cpuacct.usage", "123456789\n");
  put("pids/n1/pids.current", "7\n");
  expect(cgroups.use("n1")).toEqual({ cpu: 123_456_789, memory: 750_000, pids: 7 });
});

test("thawing reaches what a node has frozen in itself; freezing is one word", () => {
  mkdirSync(join(root, "freezer/n1/c/inner"), { recursive: true });
  cgroups.freeze("n1", true);
  expect(writes).toEqual([["freezer/n1/freezer.state", "FROZEN"]]);
  cgroups.freeze("n1", false);
  for (const g of ["n1", "n1/c", "n1/c/inner"]) expect(got(`freezer/${g}/freezer.state`)).toBe("THAWED");
});

test("thawing a group that a crash left half-made is no error", () => {
  mkdirSync(join(root, "cpu/docklet-ab"));
  expect(cgroups.exists("docklet-ab")).toBe(true);
  cgroups.freeze("docklet-ab", false);
  expect(writes).toEqual([]);
});

test("remove takes all controllers' trees, deepest first, and is over when one is held", () => {
  for (const c of ["cpu", "memory", "pids"]) mkdirSync(join(root, c, "n1/c/a"), { recursive: true });
  put("pids/n1/c/held", "");
  expect(() => cgroups.remove("n1")).toThrow();
  expect(cgroups.exists("n1")).toBe(true);
  rmSync(join(root, "pids/n1/c/held"));
  cgroups.remove("n1");
  expect(cgroups.exists("n1")).toBe(false);
  cgroups.remove("n1");
});

test("processes of a group and of all below it; names below", () => {
  put("pids/n1/cgroup.procs", "10\n");
  put("pids/n1/c/cgroup.procs", "11\n12\n");
  expect(cgroups.processes("n1").sort()).toEqual([10, 11, 12]);
  expect(cgroups.children("n1")).toEqual(["c"]);
});

test("LXC goes below the limits, its monitor beside them", () => {
  expect(cgroups.lxcConfig("docklet-ab/n1")).toMatchInlineSnapshot(`
    [
      "lxc.cgroup.relative = 0",
      "lxc.cgroup.dir.container = docklet-ab/n1/c",
      "lxc.cgroup.dir.monitor = docklet-ab-mon/n1",
    ]
  `);
});

test("what is to die is not throttled; where there is no group nothing happens", () => {
  cgroups.create("n1");
  put("cpu/n1/cpu.cfs_quota_us", "50000");
  cgroups.unthrottle("n1");
  expect(readFileSync(join(root, "cpu/n1/cpu.cfs_quota_us"), "utf8")).toBe("-1");
  cgroups.unthrottle("absent");
});

test("only what we froze counts as frozen; somebody else can do it by one write", () => {
  mkdirSync(join(root, "freezer/n1"), { recursive: true });
  expect(cgroups.isFrozen("n1")).toBe(false);
  put("freezer/n1/freezer.self_freezing", "1\n");
  expect(cgroups.isFrozen("n1")).toBe(true);
  put("freezer/n1/freezer.self_freezing", "0\n");
  put("freezer/n1/freezer.parent_freezing", "1\n");
  expect(cgroups.isFrozen("n1")).toBe(false);
  expect(cgroups.freezer("n1")).toEqual({ file: join(root, "freezer/n1/freezer.state"), frozen: "FROZEN" });
});
