import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Stage } from "../../test/kit/master-stage.ts";

/**
 * What a master does with workers in its own process, it does with workers on other hosts: the same tests, with real
 * TLS between the two.
 */
beforeAll(() => {
  Stage.remote = true;
});
afterAll(() => {
  Stage.remote = false;
});

for (const suite of ["lifecycle", "workers"]) await import(`./${suite}.test.ts?remote`);

test("they are on the other side of a connection indeed", async () => {
  const s = await new Stage().up();
  expect(existsSync(join(s.folder, "alpha", "worker.json"))).toBe(true);
  await s.down();
});
