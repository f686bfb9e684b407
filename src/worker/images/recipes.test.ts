import { describe, expect, test } from "bun:test";
import { builtinRecipes, parseRecipe } from "./recipes.ts";

const MINIMAL = {
  name: "mine",
  description: "",
  variant: "minbase",
  packages: ["bash"],
  ready: "init",
  init: "systemd",
};

describe("recipes", () => {
  test("mini, base and full come along", () => {
    const names = [...builtinRecipes().keys()].sort();
    expect(names).toEqual(["base", "full", "mini"]);
    expect(builtinRecipes().get("full")!.parent).toBe("base");
  });

  test("a minimal one is accepted", () => {
    expect(parseRecipe(MINIMAL, "x").name).toBe("mine");
  });

  test.each([
    [{ ...MINIMAL, name: "docklet" }, "taken"],
    [{ ...MINIMAL, parent: "base" }, "parent and a variant"],
    [{ ...MINIMAL, variant: undefined }, "either a parent"],
    [{ ...MINIMAL, variant: undefined, parent: "mine" }, "own parent"],
    [{ ...MINIMAL, files: { "/etc/../../root/x": { content: "" } } }, "absolute and plain"],
    [{ ...MINIMAL, packages: ["--option"] }, "packages"],
    [{ ...MINIMAL, packages: ["a b"] }, "packages"],
    [{ ...MINIMAL, name: "../x" }, "name"],
    [{ ...MINIMAL, hook: "x" }, "hook"],
    [null, "expected object"],
  ])("refuses %#", (recipe, why) => {
    expect(() => parseRecipe(recipe, "x")).toThrow(why);
  });
});
