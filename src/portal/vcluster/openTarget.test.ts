import { expect, test } from "bun:test";
import { targetOf, webUrl } from "./openTarget.ts";

test("a slug with or without a path", () => {
  expect(targetOf({ slug: "abcdefghij" })).toEqual({ kind: "slug", body: { slug: "abcdefghij" } });
  expect(targetOf({ slug: "abcdefghij", path: "/lab?x=1" })).toEqual({
    kind: "slug",
    body: { slug: "abcdefghij", path: "/lab?x=1" },
  });
});

test("a vcluster, its node and its port", () => {
  expect(targetOf({ vcluster: "lab", node: "host-1", port: "8080" })).toEqual({
    kind: "vcluster",
    name: "lab",
    owner: undefined,
    body: { node: "host-1", port: 8080 },
  });
});

test.each([
  [{}],
  [{ slug: "../evil" }],
  [{ slug: "abcdefghij", path: "//evil.example" }],
  [{ slug: "abcdefghij", path: "lab" }],
  [{ vcluster: "lab", port: "0" }],
  [{ vcluster: "lab", port: "http" }],
])("nonsense opens nothing: %p", (search) => {
  expect(targetOf(search)).toBeNull();
});

test("only web addresses replace the page", () => {
  expect(webUrl("http://10.0.0.1:8000/abc/", "http://portal/")).toBe("http://10.0.0.1:8000/abc/");
  expect(webUrl("/abc/", "http://portal/")).toBe("http://portal/abc/");
  expect(webUrl("javascript:alert(1)", "http://portal/")).toBeNull();
  expect(webUrl("data:text/html,x", "http://portal/")).toBeNull();
});
