import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { buildPortal } from "../../scripts/build-portal.ts";
import { type FakePortal, startFakePortal } from "../kit/fake-portal-api.ts";
import { axeFindings, launchBrowser, logIn, openPage, overflow, settled } from "./portal-browser.ts";
import { HOST_DIALOGS } from "./portal-dialogs.ts";
import { PORTAL_PAGES, SCHEMES, WIDTHS } from "./portal-pages.ts";

const PASSWORD = "correct horse battery";
let dist: string;
let fake: FakePortal;
let browser: Browser;

beforeAll(async () => {
  dist = mkdtempSync(join(tmpdir(), "docklet-portal-"));
  await buildPortal(dist);
  fake = startFakePortal({ dist });
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await fake?.stop();
  rmSync(dist, { recursive: true, force: true });
});

test("between a phone and a desk nothing is too wide either", async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
  const { page } = await openPage(context);
  const wrong: string[] = [];
  await logIn(page, fake.url, "root", PASSWORD);
  for (const { name, path } of PORTAL_PAGES.filter((p) => p.who === "admin")) {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(fake.url + path.replace("{vcluster}", "genomics").replace("{host}", "quay-3"));
    await settled(page);
    for (const width of [1200, 1000, 800]) {
      await page.setViewportSize({ width, height: 800 });
      // Charts follow the new size some frames later.
      const fits = () => document.documentElement.scrollWidth <= document.documentElement.clientWidth;
      await page.waitForFunction(fits, null, { timeout: 3000 }).catch(() => {});
      const wide = await overflow(page);
      if (wide > 0) wrong.push(`${name} at ${width} px: ${wide} px too wide`);
    }
  }
  await context.close();
  expect(wrong).toEqual([]);
}, 60_000);

describe.each(SCHEMES.flatMap((scheme) => WIDTHS.map((width) => ({ scheme, width }))))(
  "$scheme, $width px",
  ({ scheme, width }) => {
    test("every page: nothing in the console, nothing for axe, nothing to scroll sideways", async () => {
      const context = await browser.newContext({
        colorScheme: scheme,
        viewport: { width, height: 800 },
        reducedMotion: "reduce",
      });
      const { page, complaints } = await openPage(context);
      const wrong: string[] = [];
      let inside = false;
      for (const { name, path, who } of PORTAL_PAGES) {
        if (who !== "anonymous" && !inside) {
          await logIn(page, fake.url, "root", PASSWORD);
          inside = true;
        }
        await page.goto(fake.url + path.replace("{vcluster}", "genomics").replace("{host}", "quay-3"));
        await settled(page);
        wrong.push(...(await axeFindings(page)).map((f) => `${name}: ${f}`));
        const wide = await overflow(page);
        if (wide > 0) wrong.push(`${name}: ${wide} px too wide`);
        wrong.push(...complaints.splice(0).map((c) => `${name}: console: ${c}`));
      }
      await context.close();
      expect(wrong).toEqual([]);
    }, 120_000);

    test("first visit, dialogs, menus and a running operation are clean as well", async () => {
      const context = await browser.newContext({
        colorScheme: scheme,
        viewport: { width, height: 800 },
        reducedMotion: "reduce",
      });
      const { page, complaints } = await openPage(context);
      const wrong: string[] = [];
      const look = async (name: string) => {
        // Dialogs fade in: half-transparent text has no contrast yet.
        await page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== "running"));
        wrong.push(...(await axeFindings(page)).map((f) => `${name}: ${f}`));
        if ((await overflow(page)) > 0) wrong.push(`${name}: too wide`);
        wrong.push(...complaints.splice(0).map((c) => `${name}: console: ${c}`));
      };
      await logIn(page, fake.url, "empty", PASSWORD);
      await page.getByRole("heading", { name: /Bring in your first cluster/ }).waitFor();
      await look("welcome");

      await page.getByRole("button", { name: "Advanced…" }).click();
      await page.getByRole("textbox", { name: "Nodes" }).fill("99");
      await page.getByText("Your quota has room for").waitFor();
      await look("advanced");
      await page.keyboard.press("Escape");

      fake.world.stepMs = 60_000;
      await page.getByRole("button", { name: "New cluster" }).click();
      await page.getByRole("article").getByRole("button", { name: "Cancel" }).waitFor();
      await look("creating");
      await page.getByRole("button", { name: "Operations: 1 under way" }).click();
      await page.getByRole("dialog", { name: "Operations" }).getByText("Reserve").waitFor();
      await look("operations drawer");
      await page.keyboard.press("Escape");
      fake.world.stepMs = 25;
      fake.world.vclusters = fake.world.vclusters.filter((v) => v.owner !== "empty");
      fake.world.operations = [];

      await page.getByRole("button", { name: /account menu/ }).click();
      await page.getByRole("menuitem", { name: "Log out" }).waitFor();
      await look("account menu");
      await context.close();
      expect(wrong).toEqual([]);
    }, 60_000);

    test("so are the dialogs about hosts", async () => {
      const context = await browser.newContext({
        colorScheme: scheme,
        viewport: { width, height: 800 },
        reducedMotion: "reduce",
      });
      const { page, complaints } = await openPage(context);
      const wrong: string[] = [];
      await logIn(page, fake.url, "root", PASSWORD);
      for (const { name, path, open } of HOST_DIALOGS) {
        await page.goto(fake.url + path);
        await settled(page);
        await open(page);
        await page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== "running"));
        wrong.push(...(await axeFindings(page)).map((f) => `${name}: ${f}`));
        if ((await overflow(page)) > 0) wrong.push(`${name}: too wide`);
        wrong.push(...complaints.splice(0).map((c) => `${name}: console: ${c}`));
      }
      await context.close();
      expect(wrong).toEqual([]);
    }, 90_000);
  },
);
