import { expect, test } from "bun:test";
import { until } from "../lib/retry.ts";
import { lostProcesses, runApart } from "./apart.ts";

test("answers what it says, or why it failed", async () => {
  expect(await runApart(["echo", "hello"], 5_000)).toBe("hello\n");
  const failed = runApart(["sh", "-c", "echo no such thing >&2; exit 3"], 5_000);
  expect(failed).rejects.toMatchObject({ code: "host_command", message: "no such thing" });
});

test("one that does not come back is not waited for, and all that it started ends with it", async () => {
  const before = lostProcesses();
  const late = runApart(["sh", "-c", "sleep 3600 & wait"], 50);
  await expect(late).rejects.toMatchObject({ code: "unavailable" });
  await until("it is over", () => lostProcesses() === before, { timeoutMs: 5_000 });
});
