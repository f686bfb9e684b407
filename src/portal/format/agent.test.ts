import { expect, test } from "bun:test";
import { agentName } from "./agent.ts";

test("browsers are named as people know them", () => {
  expect(agentName("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")).toBe("Firefox on Linux");
  expect(agentName("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0")).toBe(
    "Edge on Windows",
  );
  expect(agentName("docklet/0.5.0")).toBe("docklet command");
  expect(agentName("")).toBe("Unknown");
  expect(agentName("x".repeat(500))).toHaveLength(40);
});
