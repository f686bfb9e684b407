import { expect, test } from "bun:test";
import { DEFAULT_PLACEMENT } from "../../contracts/public/index.ts";
import { placementTrouble, placementWish } from "./placement.ts";

test("only what differs from the defaults is asked for", () => {
  expect(placementWish(DEFAULT_PLACEMENT)).toBeUndefined();
  expect(placementWish({ ...DEFAULT_PLACEMENT, nodes: "apart" })).toEqual({ nodes: "apart" });
  expect(placementWish({ strategy: "pack", nodes: "any", labels: { disk: "fast" } })).toEqual({
    strategy: "pack",
    labels: { disk: "fast" },
  });
});

test("what cannot be is said before the form is sent", () => {
  expect(placementTrouble(DEFAULT_PLACEMENT, 9, 1)).toBeNull();
  expect(placementTrouble(DEFAULT_PLACEMENT, 1, 0)).toContain("No host");
  expect(placementTrouble({ ...DEFAULT_PLACEMENT, nodes: "apart" }, 3, 3)).toBeNull();
  expect(placementTrouble({ ...DEFAULT_PLACEMENT, nodes: "apart" }, 3, 2)).toContain(
    "3 nodes apart need 3 hosts; 2 hosts",
  );
});
