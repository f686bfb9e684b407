import { expect, test } from "bun:test";
import { strayControllers, strayIn } from "./placement.ts";

const v1 = (memory: string) =>
  `9:name=systemd:/docklet-ab/n1/c\n8:pids:/docklet-ab/n1/c\n4:memory:${memory}\n2:cpuacct:/x\n1:cpu:/docklet-ab/n1/c\n0::/\n`;

test("v1: every controller that limits must have the process in the group, or below it", () => {
  expect(strayIn(v1("/docklet-ab/n1/c/init.scope"), "docklet-ab/n1")).toEqual([]);
  expect(strayIn(v1("/outer/docklet-ab/n1/c"), "docklet-ab/n1")).toEqual(["memory"]);
  expect(strayIn(v1("/docklet-ab/n12/c"), "docklet-ab/n1")).toEqual(["memory"]);
});

test("v2: the one tree", () => {
  expect(strayIn("0::/docklet-ab/n1/c\n", "docklet-ab/n1")).toEqual([]);
  expect(strayIn("0::/outer/docklet-ab/n1/c\n", "docklet-ab/n1")).toEqual(["all"]);
});

test("this very process is in no node", () => {
  expect(strayControllers(process.pid, "docklet-ab/n1")).not.toEqual([]);
});
