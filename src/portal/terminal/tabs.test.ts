import { expect, test } from "bun:test";
import { addTab, closeTab, restoreTabs, tabLabel } from "./tabs.ts";

const empty = { tabs: [], active: "" };

test("the first terminal of a node has a fixed id, further ones their own", () => {
  const one = addTab(empty, "host-0", () => "abc");
  expect(one).toEqual({ tabs: [{ node: "host-0", session: "main" }], active: "host-0/main" });
  const two = addTab(one, "host-0", () => "abc");
  expect(two.active).toBe("host-0/abc");
  expect(tabLabel(two.tabs, two.tabs[1]!)).toBe("host-0 · 2");
  expect(tabLabel(two.tabs, two.tabs[0]!)).toBe("host-0");
});

test("closing goes to the neighbour", () => {
  const state = addTab(
    addTab(
      addTab(empty, "host-0", () => "x"),
      "host-1",
      () => "x",
    ),
    "host-2",
    () => "x",
  );
  expect(closeTab(state, "host-2/main").active).toBe("host-1/main");
  expect(closeTab(state, "host-0/main").active).toBe("host-2/main");
  expect(
    closeTab(
      addTab(empty, "host-0", () => "x"),
      "host-0/main",
    ),
  ).toEqual(empty);
});

test("a reload brings the same sessions back, and garbage nothing", () => {
  const state = addTab(
    addTab(empty, "host-0", () => "x"),
    "host-1",
    () => "x",
  );
  expect(restoreTabs(JSON.stringify(state), "host-1")).toEqual(state);
  expect(restoreTabs(JSON.stringify(state), "host-0").active).toBe("host-0/main");
  const first = { tabs: [{ node: "host-0", session: "main" }], active: "host-0/main" };
  for (const bad of [null, "", "{", "[]", "null", '{"tabs":[{"node":"../x","session":"main"},null]}']) {
    expect(restoreTabs(bad, "host-0")).toEqual(first);
  }
});
