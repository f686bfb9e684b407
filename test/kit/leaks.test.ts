import { expect, test } from "bun:test";
import { diff, type Snapshot } from "./leaks.ts";

const empty: Snapshot = {
  links: ["eth0"],
  namespaces: [],
  mounts: ["/ ext4 /dev/sda"],
  cgroups: ["/sys/fs/cgroup/docklet"],
  rules: ["4 -A INPUT -j ACCEPT"],
  sets: [],
  tables: [],
  routes: [],
  loops: [],
  processes: ["1 0 docklet serve"],
  files: [],
};

test("the leak audit sees what came, and what was taken from the host", () => {
  expect(diff(empty, empty)).toEqual([]);
  expect(diff(empty, { ...empty, links: ["eth0", "dkab1"], rules: [] })).toEqual([
    "+ links dkab1",
    "- rules 4 -A INPUT -j ACCEPT",
  ]);
});

test("the same mount twice is a leak, an ended process is none", () => {
  expect(diff(empty, { ...empty, mounts: [...empty.mounts, ...empty.mounts], processes: [], cgroups: [] })).toEqual([
    "+ mounts / ext4 /dev/sda",
  ]);
});
