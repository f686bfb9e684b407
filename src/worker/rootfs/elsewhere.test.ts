import { expect, test } from "bun:test";
import { elsewhere } from "./elsewhere.ts";

test("says where the folder is, who has it, and what helps", () => {
  const text = elsewhere("web", { host: "two", nodes: ["host-1", "host-3"], moving: false });
  expect(text).toContain("lies on the host two");
  expect(text).toContain("Nodes of web on two: host-1, host-3.");
  expect(text).toContain("scp host-1:nfs/FILE .");
  expect(text).toContain("docklet vcluster move web --to two");
});

test("says when it is on its way, and when no node of this vcluster has it", () => {
  const text = elsewhere("web", { host: "two", nodes: [], moving: true });
  expect(text).toContain("on its way to the host two");
  expect(text).toContain("No node of web is on two now");
  expect(text).not.toContain("scp");
});
