import { expect, test } from "bun:test";
import { editDistance, nearest } from "./nearest.ts";

test("edits, a swap of neighbours being one", () => {
  expect(editDistance("kitten", "sitting")).toBe(3);
  expect(editDistance("prot", "port")).toBe(1);
  expect(editDistance("", "abc")).toBe(3);
});

test("the nearest word, or none", () => {
  const words = ["PROXY_PORT", "NGINX_PORT", "CLUSTER_NET"];
  expect(nearest("PROXYPORT", words)).toBe("PROXY_PORT");
  expect(nearest("proxy-port", words)).toBe("PROXY_PORT");
  expect(nearest("cluster", words)).toBe("CLUSTER_NET");
  expect(nearest("zzzzzzzz", words)).toBeNull();
  expect(nearest("x".repeat(100_000), words)).toBeNull();
});
