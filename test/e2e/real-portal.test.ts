import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { until } from "../../src/lib/retry.ts";
import type { TestDocklet } from "../kit/docklet.ts";
import { baseDocklet, createVcluster } from "./base-docklet.ts";
import { axeFindings, launchBrowser, logIn, openPage, overflow, settled } from "./portal-browser.ts";
import { PORTAL_PAGES, SCHEMES, WIDTHS } from "./portal-pages.ts";

setDefaultTimeout(90_000);
let d: TestDocklet;
let browser: Browser;
let password: string;
let host: string;
let context: BrowserContext;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  d = await baseDocklet({ settings: { WARM_NODES: "base=1" } });
  password = readFileSync(join(d.prefix, "local/generated_password.txt"), "utf8").trim();
  await createVcluster(d, { name: "genomics", nodes: 2 });
  host = (await d.root.hosts()).items[0]!.name;
  browser = await launchBrowser();
}, 600_000);
afterAll(async () => {
  await browser?.close();
  await d?.destroy();
}, 60_000);
beforeEach(async () => {
  context = await newContext();
  ({ page, complaints } = await openPage(context));
});
afterEach(async () => {
  await context.close();
  expect(complaints).toEqual([]);
});

async function newContext(options: Parameters<Browser["newContext"]>[0] = {}): Promise<BrowserContext> {
  const made = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    reducedMotion: "reduce",
    ...options,
  });
  made.setDefaultTimeout(30_000);
  return made;
}
const card = (name: string, at = page) => at.getByRole("article", { name });

describe.each(SCHEMES.flatMap((scheme) => WIDTHS.map((width) => ({ scheme, width }))))(
  "$scheme, $width px",
  ({ scheme, width }) => {
    test("every page with real data: nothing in the console, nothing for axe, nothing too wide", async () => {
      const own = await newContext({ colorScheme: scheme, viewport: { width, height: 800 } });
      const walker = await openPage(own);
      const wrong: string[] = [];
      let inside = false;
      for (const { name, path, who } of PORTAL_PAGES) {
        if (who !== "anonymous" && !inside) {
          await logIn(walker.page, d.portal, "root", password);
          inside = true;
        }
        await walker.page.goto(d.portal + path.replace("{vcluster}", "genomics").replace("{host}", host));
        await settled(walker.page);
        wrong.push(...(await axeFindings(walker.page)).map((f) => `${name}: ${f}`));
        const wide = await overflow(walker.page);
        if (wide > 0) wrong.push(`${name}: ${wide} px too wide`);
        wrong.push(...walker.complaints.splice(0).map((c) => `${name}: console: ${c}`));
      }
      await own.close();
      expect(wrong).toEqual([]);
    });
  },
);

describe("live", () => {
  test("a second tab shows what happens elsewhere, without a reload", async () => {
    await logIn(page, d.portal, "root", password);
    await card("genomics").waitFor();
    const other = await newContext();
    const second = await openPage(other);
    await logIn(second.page, d.portal, "root", password);
    await second.page.evaluate(() => {
      (window as unknown as { here: boolean }).here = true;
    });

    await page.getByRole("button", { name: "New cluster" }).click();
    const made = page.getByRole("article").filter({ hasNotText: "genomics" }).first();
    await made.locator('[data-state="ready"]').first().waitFor();
    const name = (await made.getByRole("heading").textContent())!.trim();
    await card(name, second.page).locator('[data-state="ready"]').first().waitFor();
    await d.finish(await d.root.stopVcluster({ params: { name } }));
    await card(name, second.page).getByRole("button", { name: "Start" }).waitFor();
    await d.finish(await d.root.deleteVcluster({ params: { name } }));
    await card(name, second.page).waitFor({ state: "detached" });
    await card(name).waitFor({ state: "detached" });

    expect(await second.page.evaluate(() => (window as unknown as { here?: boolean }).here)).toBe(true);
    expect(second.complaints).toEqual([]);
    await other.close();
  });

  test("the load of a node is measured and drawn", async () => {
    await logIn(page, d.portal, "root", password);
    const work = d.exec("genomics", "timeout", "12", "sh", "-c", "while :; do :; done");
    await page.goto(`${d.portal}/vclusters/genomics`);
    const cpu = page.getByRole("img", { name: /CPU over the last hour/ });
    await until(
      "the load to show",
      async () => /Now: (0\.[3-9]|1)/.test((await cpu.getAttribute("aria-label")) ?? ""),
      { timeoutMs: 30_000, maxMs: 200 },
    );
    await work;
  });

  test("docklet restarts: the page says so, and goes on by itself", async () => {
    await logIn(page, d.portal, "root", password);
    await card("genomics").waitFor();
    await d.down();
    await page.getByTestId("connection-banner").waitFor();
    await d.up();
    await page.getByTestId("connection-banner").waitFor({ state: "detached" });
    await createVcluster(d, { name: "after" });
    await card("after").locator('[data-state="ready"]').first().waitFor();
    await d.finish(await d.root.deleteVcluster({ params: { name: "after" } }));
    // The browser itself logs every attempt that met a closed port.
    complaints.length = 0;
  });
});

describe("what people do", () => {
  test("a create is cancelled, and nothing is left of it", async () => {
    await logIn(page, d.portal, "root", password);
    await page.getByRole("button", { name: "Advanced…" }).click();
    const dialog = page.getByRole("dialog", { name: "New cluster" });
    await dialog.getByLabel("Name").fill("regretted");
    await dialog.getByRole("textbox", { name: "Nodes" }).fill("6");
    await dialog.getByRole("button", { name: "Create 6 nodes" }).click();
    await card("regretted").getByRole("button", { name: "Cancel" }).click();
    await card("regretted").waitFor({ state: "detached" });
    expect((await d.root.vclusters({ query: {} })).items.map((v) => v.name)).toEqual(["genomics"]);
    const { items } = await d.root.operations({ query: { object: "regretted" } });
    expect(items.map((o) => o.state)).toEqual(["cancelled"]);
    expect((await d.root.me()).used.nodes).toBe(2);
  });

  test("a cluster is deleted by typing its name, and its folder stays", async () => {
    await createVcluster(d, { name: "short-lived" });
    await d.exec("short-lived", "sh", "-c", "echo kept > /root/nfs/kept");
    await logIn(page, d.portal, "root", password);
    await page.goto(`${d.portal}/vclusters/short-lived?tab=settings`);
    await page.getByRole("button", { name: "Delete…" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete short-lived?" });
    const go = dialog.getByRole("button", { name: "Delete for ever" });
    await dialog.getByRole("textbox").fill("short");
    expect(await go.isDisabled()).toBe(true);
    await dialog.getByRole("textbox").fill("short-lived");
    await go.click();
    await card("genomics").waitFor();
    await card("short-lived").waitFor({ state: "detached" });
    expect((await d.exec("genomics", "cat", "/root/nfs/kept")).stdout).toBe("kept\n");
  });

  test("an admin makes a user, who must choose a password and then meets the quota", async () => {
    await d.root.createGroup({ body: { name: "small", quota: { nodes: 2, cpu: 2, memory: 2048, vclusters: 2 } } });
    await logIn(page, d.portal, "root", password);
    await page.goto(`${d.portal}/admin/users`);
    await page.getByRole("button", { name: "New user" }).click();
    await page.getByLabel("User name").fill("carla");
    await page.getByRole("combobox", { name: "Group" }).click();
    await page.getByRole("option", { name: "small" }).click();
    await page.getByRole("button", { name: "Make the user" }).click();
    const first = (await page.getByTestId("secret").textContent())!;
    await page.getByRole("button", { name: "I have kept it" }).click();
    await page.getByRole("row", { name: /carla/ }).waitFor();

    const hers = await newContext();
    const she = await openPage(hers);
    await logIn(she.page, d.portal, "carla", first);
    await she.page.getByRole("heading", { name: "Choose your own password" }).waitFor();
    await she.page.getByLabel("Current password").fill(first);
    await she.page.getByLabel("New password", { exact: true }).fill("a quiet harbour at dawn");
    await she.page.getByLabel("New password, again").fill("a quiet harbour at dawn");
    await she.page.getByRole("button", { name: "Set my password" }).click();
    await she.page.getByRole("heading", { name: "My clusters" }).waitFor();

    for (let i = 0; i < 2; i++) {
      await she.page.getByRole("button", { name: "New cluster" }).click();
      await she.page.getByRole("article").nth(i).locator('[data-state="ready"]').first().waitFor();
    }
    await she.page.getByRole("button", { name: "New cluster" }).click();
    const refused = await she.page.getByRole("alert").filter({ hasText: /quota/i }).textContent();
    expect(refused).toMatch(/\b2\b/);
    // Somebody else's cluster is not hers to see, not even that it is there.
    await she.page.goto(`${d.portal}/vclusters/genomics`);
    await she.page.getByText("This cluster does not exist").waitFor();
    expect(she.complaints).toEqual([]);
    await hers.close();
  });
});
