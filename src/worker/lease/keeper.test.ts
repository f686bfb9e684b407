import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../lib/retry.ts";
import { bootId, sinceBoot } from "../../os/clock.ts";
import { Layout } from "../layout.ts";
import { endKeeper, keeperPid, leaseFile, startKeeper } from "./keeper.ts";
import { LeaseFile } from "./lease-file.ts";

/** The real shell, with plain files in the place of cgroups. */
const WAIT = { timeoutMs: 20_000, firstMs: 20, maxMs: 100 };
let prefix: string;
let layout: Layout;
let file: LeaseFile;
const group = (name: string) => join(prefix, `a group ${name}`);
const write = (fromNow: number) =>
  file.write(
    sinceBoot() + fromNow,
    0,
    ["one", "two"].map((n) => ({ file: group(n), frozen: "FROZEN" })),
  );
const state = (name: string) => readFileSync(group(name), "utf8").trim();

beforeEach(() => {
  prefix = mkdtempSync(join(tmpdir(), "docklet-keeper-"));
  layout = new Layout(prefix, "zz");
  mkdirSync(layout.live, { recursive: true });
  file = new LeaseFile(leaseFile(layout), bootId());
  for (const n of ["one", "two"]) writeFileSync(group(n), "THAWED\n");
});
afterEach(() => {
  endKeeper(layout);
  rmSync(prefix, { recursive: true });
});

test("it does nothing while the lease runs, freezes everything when it is over, and is there once", async () => {
  write(3_600_000);
  startKeeper(layout);
  const pid = keeperPid(layout)!;
  startKeeper(layout);
  expect(keeperPid(layout)).toBe(pid);
  rmSync(group("two"));
  write(-1_000);
  await until("it to freeze what is there", () => state("one") === "FROZEN", WAIT);
  expect(existsSync(group("two"))).toBe(false);
});

test("it ends when there is nothing to keep, and when its file is gone", async () => {
  write(3_600_000);
  startKeeper(layout);
  rmSync(leaseFile(layout));
  await until("it to end", () => keeperPid(layout) === null, WAIT);
  file = new LeaseFile(leaseFile(layout), bootId());
  file.write(sinceBoot(), 0, []);
  startKeeper(layout);
  await until("it to end again", () => keeperPid(layout) === null, WAIT);
  expect(state("one")).toBe("THAWED");
});

test("a file of another run of the machine is no lease", () => {
  write(3_600_000);
  expect(file.read()).toBeGreaterThan(sinceBoot());
  expect(new LeaseFile(leaseFile(layout), "another").read()).toBeNull();
  writeFileSync(leaseFile(layout), "garbage");
  expect(file.read()).toBeNull();
});
