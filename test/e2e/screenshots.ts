import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { REPO } from "../install/fixture.ts";

/** With UPDATE_SCREENSHOTS=1 the pictures of the README are made anew from this run. */
export const UPDATE = process.env.UPDATE_SCREENSHOTS === "1";
export const ARTIFACTS = join(REPO, "test/artifacts/e2e");
const README = join(REPO, "docs/images");
/** The README is read over slow lines, too. */
const MAX_BYTES = 200_000;

/** Keeps a picture of a page among the artefacts of the run. */
export async function keepShot(page: Page, name: string): Promise<void> {
  for (const folder of UPDATE ? [ARTIFACTS, README] : [ARTIFACTS]) {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name}.png`);
    await page.screenshot({ path, animations: "disabled", caret: "hide" });
    if (statSync(path).size > MAX_BYTES) throw new Error(`${path} is larger than ${MAX_BYTES} bytes`);
  }
}
