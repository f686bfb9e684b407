import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { buildPortal } from "../../scripts/build-portal.ts";
import { crowdedWorld } from "../kit/fake-portal/crowd.ts";
import { tellHost } from "../kit/fake-portal/hosts.ts";
import { type FakePortal, startFakePortal } from "../kit/fake-portal-api.ts";
import { axeFindings, launchBrowser, logIn, openPage, settled } from "./portal-browser.ts";

setDefaultTimeout(60_000);
const PASSWORD = "correct horse battery";
let dist: string;
let browser: Browser;
let fake: FakePortal;
let context: BrowserContext;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  dist = mkdtempSync(join(tmpdir(), "docklet-portal-"));
  await buildPortal(dist);
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  rmSync(dist, { recursive: true, force: true });
});
beforeEach(async () => {
  fake = startFakePortal({ dist });
  context = await browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce" });
  context.setDefaultTimeout(10_000);
  ({ page, complaints } = await openPage(context));
});
afterEach(async () => {
  await context.close();
  await fake.stop();
  expect(complaints).toEqual([]);
});
const enter = async (path: string, user = "root") => {
  await logIn(page, fake.url, user, PASSWORD);
  await page.goto(fake.url + path);
};
const cluster = (name: string) => fake.world.vclusters.find((v) => v.name === name)!;

test("why a node is where it is: by mouse, keyboard and ear; the host is a link for admins only", async () => {
  await enter("/vclusters/genomics");
  const why = page.getByRole("button", { name: "Why host-1 is on quay-2: a warm node waits" });
  await why.focus();
  await page.getByRole("tooltip", { name: "Why here: a warm node waits" }).waitFor();
  await page
    .getByRole("row", { name: /host-1/ })
    .getByRole("link", { name: "quay-2" })
    .click();
  await page.getByRole("heading", { name: "quay-2" }).waitFor();
});

test("people see on which host their nodes are, and what a lost one means, but move nothing", async () => {
  await enter("/vclusters/thesis", "ann");
  await page.getByText("quay-3 cannot be reached. On it: host-1.").waitFor();
  // Said once, not again on every line.
  await page.getByText("Host quay-3 is unreachable since 2026-03-02 14:02 UTC.").waitFor();
  expect(await page.getByText("wait for it").count()).toBe(1);
  expect(await page.getByRole("link", { name: "quay-1" }).count()).toBe(0);
  await page.getByRole("button", { name: "More to do with thesis" }).click();
  await page.getByRole("menuitem", { name: "Scale…" }).waitFor();
  expect(await page.getByRole("menuitem", { name: "Move…" }).count()).toBe(0);
});

test("an admin moves one node to a host", async () => {
  await enter("/vclusters/genomics");
  await page.getByRole("button", { name: "More to do with genomics" }).click();
  await page.getByRole("menuitem", { name: "Move…" }).click();
  const dialog = page.getByRole("dialog", { name: "Move genomics" });
  for (const n of [0, 1, 2, 3]) await dialog.getByLabel(`host-${n}`).uncheck();
  await dialog.getByText("Choose at least one node.").waitFor();
  await dialog.getByLabel("host-1").check();
  await dialog.getByRole("combobox", { name: "To" }).click();
  await page.getByRole("option", { name: "quay-2" }).click();
  await dialog.getByText("All of them are on quay-2 already.").waitFor();
  await dialog.getByRole("combobox", { name: "To" }).click();
  await page.getByRole("option", { name: "quay-1" }).click();
  await dialog.getByRole("button", { name: "Move 1 node" }).click();
  await page.getByText("genomics is moved").waitFor();
  await page
    .getByRole("row", { name: /host-1/ })
    .getByRole("link", { name: "quay-1" })
    .waitFor();
  expect(cluster("genomics").nodes.map((n) => n.host)).toEqual(["quay-1", "quay-1", "quay-1", "quay-2"]);
});

test("what happens when a host is lost is chosen in plain words, and kept", async () => {
  await enter("/vclusters/thesis?tab=settings", "ann");
  const panel = page.getByRole("region", { name: "When a host is lost" });
  const save = panel.getByRole("button", { name: "Save this setting" });
  expect(await save.isDisabled()).toBe(true);
  await panel.getByLabel("make the nodes anew on other hosts").check();
  await panel.getByText("Lost then:").waitFor();
  await panel.getByText(/only after an administrator has/).waitFor();
  await panel.getByLabel("are stopped").check();
  await panel.getByText(/only after an administrator has/).waitFor({ state: "detached" });
  await save.click();
  await page.getByText("The setting is saved").waitFor();
  expect(cluster("thesis").onHostLoss).toEqual({ nodes: "stop", recover: "anew" });
});

test("the advanced form asks where nodes shall run; one click asks nothing", async () => {
  await enter("/", "empty");
  await page.getByRole("button", { name: "Advanced…" }).click();
  const dialog = page.getByRole("dialog", { name: "New cluster" });
  await dialog.getByText("Where nodes run, and what if a host is lost").click();
  await dialog.getByRole("textbox", { name: "Nodes" }).first().fill("3");
  await dialog.getByRole("combobox", { name: "Nodes of this cluster" }).click();
  await page.getByRole("option", { name: "Apart: no two on the same host" }).click();
  await dialog.getByText("3 nodes apart need 3 hosts; 2 hosts would do.").waitFor();
  await dialog.getByRole("textbox", { name: "Nodes" }).first().fill("2");
  await dialog.getByRole("combobox", { name: "Only on hosts with" }).click();
  await page.getByRole("option", { name: "room=b12" }).click();
  await dialog.getByText("2 hosts are ready that would do.").waitFor();
  await page.keyboard.press("Tab");
  await dialog.getByRole("combobox", { name: "Hosts are chosen by" }).click();
  await page.getByRole("option", { name: "Pack" }).click();
  await dialog.getByLabel("are frozen").check();
  await dialog.getByRole("button", { name: "Create 2 nodes" }).click();
  await page.getByRole("article").first().waitFor();
  const made = fake.world.vclusters[0]!;
  expect(made.placement).toEqual({ strategy: "pack", nodes: "apart", labels: { room: "b12" } });
  expect(made.onHostLoss).toEqual({ nodes: "freeze", recover: "wait" });
  const asked = page.waitForRequest((r) => r.method() === "POST" && r.url().endsWith("/vclusters"));
  await page.getByRole("button", { name: "New cluster" }).click();
  expect((await asked).postDataJSON()).toEqual({});
});

test("100 hosts and 5 000 nodes: a page at a time, and a frame draws its own line only", async () => {
  await fake.stop();
  fake = startFakePortal({ dist, world: crowdedWorld(100, 5000) });
  await enter("/");
  await page.getByText("100 hosts: ").waitFor();
  expect(await page.locator(".dk-host-row").count()).toBe(4);
  await page.goto(`${fake.url}/admin/hosts`);
  const table = page.getByRole("table", { name: "Hosts" });
  await table.getByRole("row", { name: /quay-25/ }).waitFor();
  expect(await table.getByRole("row").count()).toBe(26);
  await settled(page);
  expect(await axeFindings(page)).toEqual([]);

  // Other frames come as well, from hosts that measure: only lines of hosts that were told of may change.
  await page.evaluate(() => {
    const seen = new Set<string>();
    Object.assign(window, { seen });
    new MutationObserver((all) => {
      for (const m of all)
        seen.add((m.target.parentElement?.closest("tr") ?? document.body).querySelector("a")?.textContent ?? "");
    }).observe(document.querySelector("table")!, { subtree: true, childList: true, characterData: true });
  });
  const one = fake.world.hosts.find((h) => h.name === "quay-7")!;
  Object.assign(one, { state: "cordoned", reason: "was cordoned" });
  tellHost(fake.world, one);
  await table.getByRole("row", { name: /quay-7 .*cordoned/ }).waitFor();
  expect(await page.evaluate(() => [...(window as unknown as { seen: Set<string> }).seen])).toEqual(["quay-7"]);

  await page.getByRole("navigation", { name: "Pages of Hosts" }).getByRole("button", { name: "Page 4" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("76 to 100 of 100").waitFor();
  await table.getByRole("row", { name: /quay-100/ }).waitFor();

  // A rack goes and comes back, and every node says so: the page answers right after.
  for (let round = 0; round < 20; round++) for (const h of fake.world.hosts) tellHost(fake.world, h);
  for (const v of fake.world.vclusters) fake.world.emit({ type: "vcluster", data: v }, v.owner);
  await page.getByRole("textbox", { name: /^Find by name/ }).fill("quay-42");
  await page.getByText("76 to 100 of 100").waitFor({ state: "detached" });
  expect(await table.getByRole("row").count()).toBe(2);

  await page.goto(`${fake.url}/admin/clusters`);
  await page.getByText("1 to 50 of 1250").waitFor();
  expect(await page.getByRole("table", { name: "All clusters" }).getByRole("row").count()).toBe(51);
  await page.goto(`${fake.url}/admin/hosts/quay-42`);
  await page.getByText("1 to 25 of 50").waitFor();
});
