import { expect, test } from "bun:test";
import { allLabels, checkLabel, hasLabels, labelsOf, labelTexts } from "./labels.ts";

test("labels are shown as key=value, and read back the same", () => {
  const labels = { room: "b12", disk: "fast" };
  expect(labelTexts(labels)).toEqual(["disk=fast", "room=b12"]);
  expect(labelsOf(labelTexts(labels))).toEqual(labels);
});

test("what the server would refuse is explained", () => {
  expect(checkLabel("disk", "fast")).toBeNull();
  for (const [key, value] of [
    ["", "x"],
    ["Disk", "fast"],
    ["disk", ""],
    ["-a", "b"],
    ["a b", "c"],
  ] as const)
    expect(checkLabel(key, value)).toContain("lower-case");
});

test("a host fits when it has all of them", () => {
  expect(hasLabels({ disk: "fast", room: "b12" }, { disk: "fast" })).toBe(true);
  expect(hasLabels({ disk: "slow" }, { disk: "fast" })).toBe(false);
  expect(hasLabels({}, {})).toBe(true);
});

test("each label of any host once", () => {
  const hosts: { labels: Record<string, string> }[] = [
    { labels: { disk: "fast" } },
    { labels: { disk: "fast", gpu: "a100" } },
    { labels: {} },
  ];
  expect(allLabels(hosts)).toEqual(["disk=fast", "gpu=a100"]);
});
