import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { buildPortal } from "../../scripts/build-portal.ts";
import { until } from "../../src/lib/retry.ts";
import { type FakePortal, startFakePortal } from "../kit/fake-portal-api.ts";
import { launchBrowser, logIn, openPage } from "./portal-browser.ts";

setDefaultTimeout(30_000);
let dist: string;
let browser: Browser;
let fake: FakePortal;
let context: BrowserContext;
let page: Page;

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
  context = await browser.newContext({
    viewport: { width: 1200, height: 800 },
    permissions: ["clipboard-read", "clipboard-write"],
  });
  context.setDefaultTimeout(8000);
  ({ page } = await openPage(context));
  await logIn(page, fake.url, "root", "correct horse battery");
  await page.goto(`${fake.url}/vclusters/genomics/terminal`);
  await screenSays("root@host-0");
});
afterEach(async () => {
  await context.close();
  await fake.stop();
});

const front = () => page.locator('[data-testid="terminal"]:visible');
const screenSays = (text: string) => front().locator(".xterm-rows").getByText(text).first().waitFor();
/** xterm draws over its rows, so only the place can be clicked, not the element. It looks for links after a hover. */
async function clickOn(text: string): Promise<void> {
  const span = front().locator(".xterm-rows span", { hasText: text }).last();
  const line = (await span.textContent()) ?? "";
  const box = (await span.boundingBox())!;
  const x = box.x + (box.width / line.length) * (line.indexOf(text) + text.length / 2);
  const y = box.y + box.height / 2;
  await page.mouse.move(x - 3, y);
  await page.mouse.move(x, y, { steps: 3 });
  await front()
    .locator(".xterm-cursor-pointer")
    .waitFor({ timeout: 1000 })
    .catch(() => {});
  await page.mouse.down();
  await page.mouse.up();
}
const typed = (session: string, text: string) =>
  until(`"${text}" typed into ${session}`, () => fake.typed(session).includes(text), { timeoutMs: 5000 });

test("what is typed arrives, and what comes back is shown", async () => {
  await page.keyboard.type("echo hello");
  await typed("host-0/main", "echo hello");
  await screenSays("echo hello");
});

test("pasting several lines is bracketed, by key and by button", async () => {
  fake.print("host-0/main", "\x1b[?2004h");
  await page.evaluate(() => navigator.clipboard.writeText("one\ntwo"));
  await front().locator("textarea").focus();
  await page.keyboard.press("Control+Shift+V");
  await typed("host-0/main", "\x1b[200~one\rtwo\x1b[201~");
  await page.evaluate(() => navigator.clipboard.writeText("three"));
  await page.getByRole("button", { name: /^Paste/ }).click();
  await typed("host-0/main", "\x1b[200~three\x1b[201~");
  expect(fake.typed("host-0/main")).not.toContain("\x16");
});

test("a lost connection is told and comes back to the same session", async () => {
  await page.keyboard.type("before");
  await typed("host-0/main", "before");
  fake.down();
  await page.getByTestId("terminal-lost").waitFor();
  fake.print("host-0/main", "said meanwhile");
  fake.up();
  await screenSays("said meanwhile");
  await screenSays("before");
  await page.getByTestId("terminal-lost").waitFor({ state: "detached" });
  await front().locator("textarea").focus();
  await page.keyboard.type(" after");
  await typed("host-0/main", "before after");
});

test("tabs are sessions of their own, and a reload brings them back", async () => {
  await page.getByRole("button", { name: "New terminal on…" }).click();
  await page.getByRole("menuitem", { name: "host-1" }).click();
  await screenSays("root@host-1");
  await page.keyboard.type("second");
  await typed("host-1/main", "second");
  await page.reload();
  await page.getByRole("tab", { name: "host-0" }).click();
  await screenSays("root@host-0");
  await page.getByRole("tab", { name: "host-1" }).click();
  await screenSays("second");
  await page.getByRole("tab", { name: "host-1" }).press("Delete");
  expect(await page.getByRole("tab").count()).toBe(1);
});

test("the keyboard can leave the terminal", async () => {
  await front().locator("textarea").focus();
  await page.keyboard.press("Control+Shift+E");
  expect(await page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("tab");
});

test("the end of the shell is told, with the ways on", async () => {
  await page.keyboard.press("Control+D");
  await page.getByText("The session ended.").waitFor();
  await page.getByRole("button", { name: "Start a new one" }).click();
  await page.getByText("The session ended.").waitFor({ state: "detached" });
});

test("full screen fills the window and is left again", async () => {
  await page.getByRole("button", { name: "Full screen" }).click();
  const box = await page.locator(".dk-desk").boundingBox();
  expect(box!.x).toBe(0);
  await page.getByRole("button", { name: "Leave full screen" }).click();
  await page.getByRole("button", { name: "Full screen" }).waitFor();
});

test("escape sequences neither write the clipboard nor hide where a link leads", async () => {
  await page.evaluate(() => navigator.clipboard.writeText("untouched"));
  fake.print("host-0/main", `\x1b]52;c;${btoa("stolen")}\x07\x1b]8;;http://evil.example/\x07innocent\x1b]8;;\x07 done`);
  await screenSays("done");
  await clickOn("innocent");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("untouched");
  expect(context.pages().length).toBe(1);
});

test("an address that stands there in full opens in a new tab without a way back", async () => {
  fake.print("host-0/main", `see ${fake.url}/workspace/x for more`);
  await screenSays("for more");
  const [opened] = await Promise.all([context.waitForEvent("page"), clickOn("workspace")]);
  await opened.waitForLoadState();
  expect(opened.url()).toBe(`${fake.url}/workspace/x`);
  expect(await opened.evaluate(() => window.opener)).toBeNull();
});
