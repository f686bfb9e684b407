import { expect, onTestFinished, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LogFile } from "./log-file.ts";

const DAY = 86_400_000;

test("turns over at midnight and forgets files older than their life", () => {
  const dir = mkdtempSync(join(tmpdir(), "docklet-log-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  let now = 20_000 * DAY + 1000;
  const clock = { now: () => now, monotonic: () => now };
  const path = join(dir, "docklet-worker.log");
  const old = `${path}.2020-01-01`;
  writeFileSync(old, "old\n");
  utimesSync(old, 1, 1);
  const log = new LogFile(path, 10, clock);
  log.write("first day\n");
  now += DAY;
  log.write("second day\n");
  log.close();
  expect(readFileSync(path, "utf8")).toBe("second day\n");
  const turned = readdirSync(dir).filter((f) => f !== "docklet-worker.log");
  expect(turned).toEqual(["docklet-worker.log.2024-10-04"]);
  expect(readFileSync(join(dir, turned[0]!), "utf8")).toBe("first day\n");
});
