import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { buildPortal } from "../../scripts/build-portal.ts";
import { makeHost, tellHost } from "../kit/fake-portal/hosts.ts";
import { type FakePortal, startFakePortal } from "../kit/fake-portal-api.ts";
import { launchBrowser, logIn, openPage } from "./portal-browser.ts";

setDefaultTimeout(40_000);
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
const row = (name: string, at = page) => at.getByRole("table", { name: "Hosts" }).getByRole("row", { name });
const host = (name: string) => fake.world.hosts.find((h) => h.name === name)!;
const choose = async (name: string, item: string) => {
  await page.getByRole("button", { name: `What to do with ${name}` }).click();
  await page.getByRole("menuitem", { name: item }).click();
};
const secondTab = async (path: string) => {
  const other = (await openPage(context)).page;
  await other.goto(fake.url + path);
  await page.bringToFront();
  return other;
};

test("a host is added: lines shown once, the new one seen live, the token revoked", async () => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await enter("/admin/hosts");
  await page.getByRole("button", { name: "Add a host" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a host" });
  await dialog.getByLabel("Address of this docklet").fill("$(reboot)");
  await dialog.getByText("Give an IP address or a host name").waitFor();
  expect(await dialog.getByRole("button", { name: "Make a join token" }).isDisabled()).toBe(true);
  await dialog.getByLabel("Address of this docklet").fill("192.0.2.77");
  await dialog.getByRole("button", { name: "Make a join token" }).click();
  await dialog.getByRole("button", { name: "Copy: In a clone of docklet" }).click();
  await dialog.getByText("Copied").first().waitFor();
  const lines = await page.evaluate(() => navigator.clipboard.readText());
  expect(lines).toBe((await dialog.getByTestId("lines").first().textContent()) ?? "");
  expect(lines).toMatch(/echo DK1\.\S+ > join-token\)\nsudo DOCKLET_MASTER_IP=192\.0\.2\.77 DOCKLET_JOIN_FILE=/);
  const [token] = fake.world.joinTokens;
  // The dialog stays until it is closed on purpose.
  await page.keyboard.press("Escape");
  await dialog.getByText("Waiting.").waitFor();
  fake.world.hosts.push(makeHost("quay-4", { state: "joining", reason: "has not told its state yet", bootedAt: 0 }));
  Object.assign(token!, { state: "used", hosts: ["quay-4"] });
  tellHost(fake.world, host("quay-4"));
  await dialog.getByText("quay-4 has joined").waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  await row("quay-4").getByText("joining").waitFor();
  const tokens = page.getByRole("table", { name: "Join tokens" });
  await tokens.getByRole("row", { name: new RegExp(`${token!.id}.*used.*1 of 1`) }).waitFor();
  expect(await page.content()).not.toContain("DK1.");
  await tokens.getByRole("button", { name: "Revoke quayjoins2" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke it" }).click();
  await tokens.getByRole("row", { name: /quayjoins2.*revoked/ }).waitFor();
});

test("without hosts and tokens the page teaches how to add one", async () => {
  fake.world.hosts = [];
  fake.world.joinTokens = [];
  await enter("/admin/hosts");
  await page.getByRole("heading", { name: "No host has joined" }).waitFor();
  expect(await page.getByRole("heading", { name: "Join tokens" }).count()).toBe(0);
  await page.getByRole("button", { name: "Add a host" }).last().click();
  await page.getByRole("dialog", { name: "Add a host" }).waitFor();
});

test("cordon and uncordon, seen in another tab at once", async () => {
  await enter("/admin/hosts");
  const other = await secondTab("/admin/hosts/quay-2");
  await choose("quay-2", "Cordon");
  await other.getByRole("heading", { name: "Cordoned", exact: true }).waitFor();
  await row("quay-2").getByText("quay-2 was cordoned.").waitFor();
  await choose("quay-2", "Uncordon");
  await other.getByRole("heading", { name: "Cordoned", exact: true }).waitFor({ state: "detached" });
  expect(host("quay-2").state).toBe("ready");
});

test("a drain says what it will do, shows how far it is, can be cancelled, and empties the host", async () => {
  fake.world.stepMs = 400;
  await enter("/admin/hosts/quay-2");
  await choose("quay-2", "Drain…");
  const dialog = page.getByRole("dialog", { name: "Drain quay-2?" });
  await dialog.getByText("2 nodes of root (40 GiB of disk)").waitFor();
  expect(await dialog.textContent()).toContain("stop for some seconds each");
  await dialog.getByRole("button", { name: "Drain it" }).click();
  await page.getByRole("heading", { name: "Being emptied" }).waitFor();
  await page.getByText("Move root/genomics/host-1").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Draining host quay-2: cancelled").waitFor();
  fake.world.stepMs = 30;
  await choose("quay-2", "Drain…");
  await dialog.getByRole("combobox", { name: "To" }).click();
  await page.getByRole("option", { name: "quay-1" }).click();
  await dialog.getByRole("button", { name: "Drain it" }).click();
  await page.getByText("Host quay-2 is empty").waitFor();
  await page.getByText("It is cordoned and empty").waitFor();
  expect(fake.world.vclusters[0]!.nodes.map((n) => n.host)).toEqual(Array(4).fill("quay-1"));
});

test("removing needs the name, says what is lost, and the host leaves every tab", async () => {
  await enter("/admin/hosts");
  const other = await secondTab("/admin/hosts/quay-3");
  await other.getByRole("heading", { name: "Cannot be reached" }).waitFor();
  await choose("quay-3", "Remove…");
  const dialog = page.getByRole("dialog", { name: "Remove quay-3?" });
  await dialog.getByText("Lost: 2 nodes of ann and root (20 GiB of disk)").waitFor();
  const go = dialog.getByRole("button", { name: "Remove it and lose 2 nodes" });
  await dialog.getByRole("textbox").fill("quay");
  expect(await go.isDisabled()).toBe(true);
  await dialog.getByRole("textbox").fill("quay-3");
  await go.click();
  await row("quay-3").waitFor({ state: "detached" });
  await other.getByRole("heading", { name: "This host is not here" }).waitFor();
  await choose("quay-1", "Remove…");
  const own = page.getByRole("dialog", { name: "Remove quay-1?" });
  await own.getByRole("textbox").fill("quay-1");
  await own.getByRole("button", { name: /^Remove it/ }).click();
  await own.getByText("quay-1 is the master's own host.").waitFor();
});

test("labels come and go, and what cannot be is explained", async () => {
  await enter("/admin/hosts/quay-1");
  const labels = page.getByRole("region", { name: "Labels" });
  await labels.getByLabel("Key").fill("Rack");
  await labels.getByLabel("Value").fill("7");
  await labels.getByText("Use lower-case letters").waitFor();
  await labels.getByLabel("Key").fill("rack");
  await labels.getByLabel("Value").press("Enter");
  await labels.getByText("rack=7").waitFor();
  await labels.getByRole("button", { name: "Take disk=fast away" }).click();
  await labels.getByText("disk=fast", { exact: true }).first().waitFor();
  await labels.getByRole("button", { name: "Take disk=fast away" }).waitFor({ state: "detached" });
  expect(host("quay-1").labels).toEqual({ room: "b12", rack: "7" });
});

test("the page of a host is live: charts, and what runs there", async () => {
  // Nothing but what is told here; and its last value is some seconds old.
  fake.world.quiet = true;
  fake.world.hostSamples.get("quay-2")!.pop();
  await enter("/admin/hosts/quay-2");
  await page.getByRole("img", { name: /^CPU over the last hour/ }).waitFor();
  Object.assign(host("quay-2"), { used: { cpu: 61.5, memory: 1024, disk: 1024 } });
  tellHost(fake.world, host("quay-2"));
  await page.getByRole("img", { name: "CPU over the last hour. Now: 61.5 of 64 cores" }).waitFor();
  await page.getByRole("region", { name: "Room" }).getByText("61.5 of 64 cores").waitFor();
  await page.getByText("2 × NVIDIA A100-SXM4-40GB, 40 GiB each").waitFor();
  const nodes = page.getByRole("table", { name: "Nodes on quay-2" });
  await nodes.getByRole("row", { name: /genomics host-3 root ready/ }).waitFor();
  const vc = fake.world.vclusters[0]!;
  vc.nodes[3]!.host = "quay-1";
  fake.world.emit({ type: "vcluster", data: structuredClone(vc) }, vc.owner);
  await nodes.getByRole("row", { name: /host-3/ }).waitFor({ state: "detached" });
  await nodes.getByRole("link", { name: "genomics" }).click();
  await page.waitForURL(/\/vclusters\/genomics/);
});
