import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const AXE = join(import.meta.dir, "../../node_modules/axe-core/axe.min.js");

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.DOCKLET_TEST_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page whose every complaint is kept: a clean console is part of each test. */
export async function openPage(context: BrowserContext): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (m) => {
    // A 4xx that a test provokes is logged by the browser itself; what the app makes of it is tested on screen.
    if ((m.type() === "error" || m.type() === "warning") && !m.text().startsWith("Failed to load resource")) {
      complaints.push(m.text());
    }
  });
  page.on("pageerror", (e) => complaints.push(String(e)));
  return { page, complaints };
}

export async function logIn(page: Page, base: string, username: string, password: string): Promise<void> {
  await page.goto(`${base}/login`);
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL((url) => url.pathname !== "/login");
}

/** Waits until nothing is loading: no skeleton, no request under way, fonts there. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector("h1", { state: "attached" });
  await page.waitForFunction(() => document.querySelectorAll('[aria-label="Loading"]').length === 0);
  await page.evaluate(() => document.fonts.ready);
}

interface Violation {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** What axe finds wrong, as lines that say where. axe comes in through the debugger, not through the page's own policy. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(await Bun.file(AXE).text());
  const violations = (await page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: axe is put into the page as text
    const found = await (window as any).axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return found.violations;
  })) as Violation[];
  return violations.flatMap((v) =>
    v.nodes.slice(0, 4).map((n) => `${v.id}: ${n.html.slice(0, 160)} — ${n.failureSummary?.slice(0, 260)}`),
  );
}

export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
