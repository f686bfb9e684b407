import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { buildPortal } from "../../scripts/build-portal.ts";
import { DockletError } from "../../src/lib/errors.ts";
import { type FakePortal, startFakePortal } from "../kit/fake-portal-api.ts";
import { launchBrowser, logIn, openPage } from "./portal-browser.ts";

setDefaultTimeout(30_000);
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
  context.setDefaultTimeout(8000);
  ({ page, complaints } = await openPage(context));
});
afterEach(async () => {
  await context.close();
  await fake.stop();
  expect(complaints).toEqual([]);
});
const enter = (user = "root") => logIn(page, fake.url, user, PASSWORD);
const card = (name: string) => page.getByRole("article", { name });

test("a wrong password is explained, and too many of them are counted down", async () => {
  await page.goto(`${fake.url}/login`);
  await page.getByLabel("User name").fill("ann");
  for (let i = 0; i < 4; i++) {
    await page.getByLabel("Password", { exact: true }).fill("wrong");
    const answered = page.waitForResponse((r) => r.url().endsWith("/session"));
    await page.getByRole("button", { name: "Log in" }).click();
    await answered;
    await page.getByRole("alert").waitFor();
  }
  expect(await page.getByRole("alert").textContent()).toContain("Too many wrong passwords");
  expect(await page.getByRole("button", { name: /Try again in \d+ s/ }).isDisabled()).toBe(true);
  await page.getByRole("button", { name: "Log in", disabled: false }).waitFor();
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  await card("thesis").waitFor();
});

test("the login leads on to a path of ours, and never elsewhere", async () => {
  await page.goto(`${fake.url}/account?tab=keys`);
  await page.waitForURL(/\/login\?next=/);
  await page.getByLabel("User name").fill("ann");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "ssh keys" }).waitFor();
  expect(page.url()).toBe(`${fake.url}/account?tab=keys`);
  for (const next of ["//evil.example/x", "/\t/evil.example", "https://evil.example", "/\\evil.example"]) {
    await page.goto(`${fake.url}/login?next=${encodeURIComponent(next)}`);
    await card("thesis").waitFor();
    expect(new URL(page.url()).host).toBe(new URL(fake.url).host);
  }
});

test("a first password must be changed before anything else", async () => {
  await enter("newcomer");
  await page.getByRole("heading", { name: "Choose your own password" }).waitFor();
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByLabel("New password", { exact: true }).fill("short");
  await page.getByLabel("New password, again").fill("short");
  await page.getByRole("button", { name: "Set my password" }).click();
  await page.getByText("Use at least 12 characters; a short sentence is good.").waitFor();
  await page.getByLabel("New password", { exact: true }).fill("a quiet harbour at dawn");
  await page.getByLabel("New password, again").fill("a quiet harbour at dawn");
  await page.getByRole("button", { name: "Set my password" }).click();
  await page.getByRole("heading", { name: "My clusters" }).waitFor();
});

test("one click makes a cluster, live to ready, and Jupyter opens in a new tab", async () => {
  await enter("empty");
  await page.getByText("20 GiB left").or(page.getByText("32 GiB left")).first().waitFor();
  await page.getByRole("button", { name: "New cluster" }).click();
  const made = page.getByRole("article").first();
  await made.locator('[data-state="ready"]').first().waitFor();
  await page.getByText(/is ready$/).waitFor();
  const [opened] = await Promise.all([
    context.waitForEvent("page"),
    made.getByRole("link", { name: "Open Jupyter" }).click(),
  ]);
  await opened.waitForURL(/\/workspace\/[a-z0-9]+\/lab/);
});

test("a cluster that is still coming up is waited for, then opened", async () => {
  fake.world.stepMs = 400;
  await enter("empty");
  await page.getByRole("button", { name: "New cluster" }).click();
  const made = page.getByRole("article").first();
  const [opened] = await Promise.all([
    context.waitForEvent("page"),
    made.getByRole("link", { name: "Open Jupyter" }).click(),
  ]);
  await opened.getByText(/host-0 is/).waitFor();
  await opened.waitForURL(/\/workspace\//);
});

test("a gateway link by slug opens the workspace at its path", async () => {
  await enter();
  const slug = fake.world.vclusters[0]!.nodes[0]!.slug;
  await page.goto(`${fake.url}/open?slug=${slug}&path=${encodeURIComponent("/lab/tree/plot.ipynb")}`);
  await page.waitForURL(`${fake.url}/workspace/${slug}/lab/tree/plot.ipynb`);
});

test("creating can be cancelled, and nothing is left", async () => {
  fake.world.stepMs = 300;
  await enter("empty");
  await page.getByRole("button", { name: "New cluster" }).click();
  await page.getByRole("article").getByRole("button", { name: "Cancel" }).click();
  await page.getByText("What was half made is undone.").waitFor();
  await page.getByRole("heading", { name: /Bring in your first cluster/ }).waitFor();
  expect(fake.world.vclusters.some((v) => v.owner === "empty")).toBe(false);
});

test("a refusal says what is wrong, what to do and which request it was", async () => {
  await enter();
  fake.failNext(
    "createVcluster",
    new DockletError("no_capacity", "No host has 4 GiB of memory free.", "Ask for 2 GiB or less."),
  );
  await page.getByRole("button", { name: "New cluster" }).click();
  const toast = page.getByRole("alert");
  await toast.waitFor();
  const text = await toast.textContent();
  expect(text).toContain("No host has 4 GiB of memory free.");
  expect(text).toContain("Ask for 2 GiB or less.");
  expect(text).toContain("req_fake12345");
});

test("the advanced form explains itself and creates what it says", async () => {
  await enter("empty");
  await page.getByRole("button", { name: "Advanced…" }).click();
  const dialog = page.getByRole("dialog", { name: "New cluster" });
  await dialog.getByLabel("Name").fill("Big Lab");
  await dialog.getByText(/lower-case letters/).waitFor();
  await dialog.getByLabel("Name").fill("big-lab");
  await dialog.getByRole("textbox", { name: "Nodes" }).fill("20");
  await dialog.getByText("Your quota has room for 16 more nodes.").waitFor();
  expect(await dialog.getByRole("button", { name: /^Create/ }).isDisabled()).toBe(true);
  await dialog.getByRole("textbox", { name: "Nodes" }).fill("3");
  await dialog.getByRole("textbox", { name: "Memory each" }).fill("2");
  await dialog.getByRole("button", { name: "Create 3 nodes" }).click();
  await card("big-lab").getByText("3 nodes, 3 cores, 6 GiB memory, 30 GiB disk").waitFor();
  await page.keyboard.press("Escape");
});

test("deleting needs the name, says what is lost and what stays", async () => {
  await enter();
  await page.goto(`${fake.url}/vclusters/genomics?tab=settings`);
  await page.getByRole("button", { name: "Delete…" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete genomics?" });
  expect(await dialog.textContent()).toContain("disks of 4 nodes (80 GiB)");
  const go = dialog.getByRole("button", { name: "Delete for ever" });
  await dialog.getByRole("textbox").fill("genomic");
  expect(await go.isDisabled()).toBe(true);
  await dialog.getByRole("textbox").fill("genomics");
  await go.click();
  await page.getByText("genomics is deleted").waitFor();
  await card("genomics").waitFor({ state: "detached" });
  expect(fake.world.vclusters.some((v) => v.name === "genomics")).toBe(false);
});

test("rename is followed, scale adds and removes with consent", async () => {
  await enter();
  await page.goto(`${fake.url}/vclusters/notebook?tab=settings`);
  await page.getByLabel("Name of this cluster").fill("paper");
  await page.getByRole("button", { name: "Rename" }).click();
  await page.waitForURL(/\/vclusters\/paper/);
  await page.getByRole("button", { name: "More to do with paper" }).click();
  await page.getByRole("menuitem", { name: "Scale…" }).click();
  await page.getByRole("textbox", { name: "Nodes" }).fill("3");
  await page.getByRole("button", { name: "Add 2 nodes" }).click();
  await page.getByText("paper is scaled").first().waitFor();
  await page.getByRole("tab", { name: "Nodes" }).click();
  await page.getByRole("row", { name: /host-2/ }).waitFor();
  await page.getByRole("button", { name: "More to do with paper" }).click();
  await page.getByRole("menuitem", { name: "Scale…" }).click();
  await page.getByRole("textbox", { name: "Nodes" }).fill("1");
  expect(await page.getByRole("button", { name: "Remove 2 nodes" }).isDisabled()).toBe(true);
  await page.getByLabel(/Delete host-1, host-2/).check();
  await page.getByRole("button", { name: "Remove 2 nodes" }).click();
  await page.getByRole("row", { name: /host-2/ }).waitFor({ state: "detached" });
});

test("stop and start, with the live load of the nodes", async () => {
  await enter();
  await page.goto(`${fake.url}/vclusters/genomics`);
  await page.getByRole("img", { name: /CPU over the last hour. Now: / }).waitFor();
  await page.getByRole("button", { name: "More to do with genomics" }).click();
  await page.getByRole("menuitem", { name: "Stop" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Stop it" }).click();
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByText("genomics is running").waitFor();
  await page.getByRole("link", { name: "Open Jupyter" }).waitFor();
});

test("a lost stream is told, and what was missed is there after it", async () => {
  await enter();
  await card("notebook").waitFor();
  fake.down();
  await page.getByTestId("connection-banner").waitFor();
  fake.world.vclusters.find((v) => v.name === "notebook")!.reason = "Changed while nobody listened.";
  fake.up();
  await page.getByText("Changed while nobody listened.").waitFor();
  await page.getByTestId("connection-banner").waitFor({ state: "detached" });
  complaints.length = 0;
});

test("a session that was ended elsewhere leads to the login and back", async () => {
  await enter();
  await page.goto(`${fake.url}/account?tab=tokens`);
  await page.getByRole("row", { name: /nightly backup/ }).waitFor();
  fake.world.sessions = [];
  fake.cut();
  await page.waitForURL(/\/login\?next=%2Faccount/);
  complaints.length = 0;
});

test("tokens and passwords of others are shown once", async () => {
  await enter();
  await page.goto(`${fake.url}/account?tab=tokens`);
  await page.getByLabel("Name of a new token").fill("robot");
  await page.getByRole("button", { name: "Make a token" }).click();
  expect((await page.getByTestId("secret").textContent()) ?? "").toStartWith("dkt_");
  await page.getByRole("button", { name: "I have kept it" }).click();
  await page.getByRole("row", { name: /robot/ }).waitFor();

  await page.goto(`${fake.url}/admin/users`);
  await page.getByRole("button", { name: "New user" }).click();
  await page.getByLabel("User name").fill("root");
  await page.getByText("This name is reserved; choose another.").waitFor();
  await page.getByLabel("User name").fill("bert");
  await page.getByRole("button", { name: "Make the user" }).click();
  const secret = (await page.getByTestId("secret").textContent()) ?? "";
  expect(fake.world.users.find((u) => u.name === "bert")!.password).toBe(secret);
  await page.getByRole("button", { name: "I have kept it" }).click();
  await page.getByRole("row", { name: /bert/ }).waitFor();
});

test("an image build shows its steps and can be cancelled", async () => {
  fake.world.stepMs = 300;
  await enter();
  await page.goto(`${fake.url}/admin/images`);
  const full = page.getByRole("region", { name: "full" });
  await full.getByRole("button", { name: "Build" }).click();
  await full.getByText("Fetch packages").waitFor();
  await full.getByRole("button", { name: "Cancel" }).click();
  await full.getByText("not built").waitFor();
});

test("people who are not admins get no admin pages", async () => {
  await enter("ann");
  await page.goto(`${fake.url}/admin/users`);
  await page.getByRole("heading", { name: "My clusters" }).waitFor();
  expect(await page.getByRole("link", { name: "Users" }).count()).toBe(0);
});

test("the keyboard alone: skip link, menu, dialog and back", async () => {
  await enter();
  await card("genomics").waitFor();
  await page.reload();
  await card("genomics").waitFor();
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the content");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Advanced…");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  expect(await page.evaluate(() => document.activeElement?.getAttribute("placeholder"))).toBe("for example, genomics");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});
