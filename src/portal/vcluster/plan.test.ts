import { expect, test } from "bun:test";
import { checkName, checkPlan, quotaLeft } from "./plan.ts";

const me = {
  quota: { cpu: 4, memory: 8192, disk: 40_960, nodes: 4, vclusters: 3, home: 1024 },
  used: { cpu: 1, memory: 1024, disk: 10_240, nodes: 1, vclusters: 1 },
};
const size = { cpu: 1, memory: 1024, disk: 10_240 };

test("a plan that fits has no errors", () => {
  expect(checkPlan({ nodes: 3, size }, me)).toEqual({});
});

test("each refusal says what was asked and what is left", () => {
  expect(checkPlan({ nodes: 4, size }, me)).toEqual({
    nodes: "Your quota has room for 3 more nodes.",
    cpu: "This asks for 4 cores (4 × 1 core); your quota has 3 cores left.",
    disk: "This asks for 40 GiB (4 × 10 GiB); your quota has 30 GiB left.",
  });
  expect(checkPlan({ nodes: 1, size: { ...size, memory: 9000 } }, me)).toEqual({
    memory: "This asks for 8.8 GiB; your quota has 7 GiB left.",
  });
});

test.each([0, -1, 1.5, 10_000, Number.NaN])("%p nodes is out of range", (nodes) => {
  expect(checkPlan({ nodes, size }, me).nodes).toBe("Choose 1 to 128 nodes.");
});

test("absurd sizes are explained before the quota is", () => {
  expect(checkPlan({ nodes: 1, size: { cpu: 0, memory: 1, disk: -5 } }, me)).toEqual({
    cpu: "Give each node 0.1 to 256 cores.",
    memory: "Give each node at least 64 MiB of memory.",
    disk: "Give each node at least 256 MiB of disk.",
  });
});

test("what is left is never negative", () => {
  expect(quotaLeft({ quota: me.quota, used: { ...me.used, cpu: 9 } }).cpu).toBe(0);
});

test("names may be left out, and are explained when wrong", () => {
  expect(checkName("")).toBeNull();
  expect(checkName("lab-1")).toBeNull();
  expect(checkName("Lab_1")).toContain("lower-case");
});
