import { describe, expect, test } from "bun:test";
import type { Recipe } from "../../contracts/public/system.ts";
import { type Inputs, STAGES, stageHashes } from "./stages.ts";

const recipe: Recipe = {
  name: "mine",
  description: "",
  variant: "minbase",
  packages: ["a"],
  files: { "/etc/x": { content: "1" } },
  run: [["true"]],
  ready: "init",
  init: "systemd",
};
const inputs: Inputs = { recipe, packages: ["a"], sources: "s", parents: [] };
const same = (other: Inputs) => {
  const [a, b] = [stageHashes(inputs), stageHashes(other)];
  return STAGES.filter((s) => a[s] === b[s]);
};

describe("stage hashes", () => {
  test("same inputs, same hashes: everything can be taken up again", () => {
    expect(same(structuredClone(inputs))).toEqual([...STAGES]);
  });

  test.each([
    ["apt sources", { ...inputs, sources: "t" }, []],
    ["the parent", { ...inputs, parents: ["base@1"] }, []],
    ["a package", { ...inputs, packages: ["a", "b"] }, ["bootstrap"]],
    ["a file", { ...inputs, recipe: { ...recipe, files: {} } }, ["bootstrap", "packages"]],
    ["a command", { ...inputs, recipe: { ...recipe, run: [["false"]] } }, ["bootstrap", "packages", "files"]],
    ["the description", { ...inputs, recipe: { ...recipe, description: "new" } }, [...STAGES]],
  ] as [string, Inputs, string[]][])("a change of %s repeats it and what comes after", (_, other, kept) => {
    expect(same(other)).toEqual(kept as never);
  });

  test("packages of an image without apt belong to its bootstrap", () => {
    const extract = { ...inputs, recipe: { ...recipe, variant: "extract" as const } };
    expect(stageHashes(extract).bootstrap).not.toBe(stageHashes({ ...extract, packages: ["b"] }).bootstrap);
  });
});
