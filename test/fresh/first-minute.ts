import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { logIn, openPage, settled } from "../e2e/portal-browser.ts";

/** What a new person does in the first minute, by mouse and keyboard in a real browser. */
export class FirstMinute {
  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    /** What the portal's console complained about. */
    readonly complaints: string[],
    readonly portal: string,
    private readonly shot: (page: Page, name: string) => Promise<void>,
  ) {}

  static async begin(
    browser: Browser,
    portal: string,
    password: string,
    shot: (page: Page, name: string) => Promise<void>,
  ): Promise<FirstMinute> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
    context.setDefaultTimeout(30_000);
    const { page, complaints } = await openPage(context);
    await logIn(page, portal, "root", password);
    return new FirstMinute(context, page, complaints, portal, shot);
  }

  /** One click. Answers the name that the cluster got. */
  async newCluster(): Promise<string> {
    await this.page.getByRole("button", { name: "New cluster" }).click();
    const card = this.page.getByRole("article").first();
    await card.locator('[data-state="ready"]').first().waitFor({ timeout: 120_000 });
    return ((await card.getByRole("heading").textContent()) ?? "").trim();
  }

  /** Opens Jupyter, makes a notebook and plots. Answers the size of the picture that came. */
  async plot(): Promise<{ width: number; height: number }> {
    const [jupyter] = await Promise.all([
      this.context.waitForEvent("page"),
      this.page.getByRole("article").first().getByRole("link", { name: "Open Jupyter" }).click(),
    ]);
    await jupyter.locator("#new-dropdown-button").click();
    const [notebook] = await Promise.all([
      this.context.waitForEvent("page"),
      jupyter.locator("#kernel-python3 a").click(),
    ]);
    const cell = notebook.locator(".CodeMirror").first();
    await notebook.locator(".kernel_idle_icon").waitFor({ timeout: 60_000 });
    await cell.click();
    await notebook.keyboard.insertText(PLOT);
    await notebook.keyboard.press("Shift+Enter");
    const picture = notebook.locator(".output_area img");
    await picture.waitFor({ timeout: 90_000 });
    const size = await picture.evaluate((img: HTMLImageElement) => ({
      width: img.naturalWidth,
      height: img.naturalHeight,
    }));
    await this.shot(notebook, "jupyter");
    await jupyter.close();
    await notebook.close();
    return size;
  }

  /** Runs a line in the terminal of host-0 and waits until the screen matches `done`. */
  async terminal(name: string, line: string, done: RegExp): Promise<void> {
    if (!this.page.url().includes("/terminal")) {
      await this.page.goto(`${this.portal}/vclusters/${name}/terminal`);
      await this.screen.getByText("root@host-0").first().waitFor();
    }
    await this.page.getByTestId("terminal").locator("textarea").focus();
    await this.page.keyboard.type(`${line}\n`);
    await this.screen.getByText(done).last().waitFor({ timeout: 120_000 });
  }

  /** An empty screen with a prompt. */
  clearTerminal(): Promise<void> {
    return this.page.keyboard.press("Control+l");
  }

  private get screen(): Locator {
    return this.page.locator('[data-testid="terminal"]:visible .xterm-rows');
  }

  async take(path: string, name: string): Promise<void> {
    await this.page.goto(this.portal + path);
    await settled(this.page);
    await this.shot(this.page, name);
  }

  /** What is in the terminal now. */
  takeTerminal(): Promise<void> {
    return this.shot(this.page, "terminal");
  }

  /** For whoever has to find out why something failed. */
  async keepAll(name: string): Promise<void> {
    for (const [i, page] of this.context.pages().entries()) await this.shot(page, `${name}-${i}`);
  }

  end(): Promise<void> {
    return this.context.close();
  }
}

const PLOT = `%matplotlib inline
import numpy as np, matplotlib.pyplot as plt
t = np.linspace(0, 6 * np.pi, 2000)
plt.figure(figsize=(7, 3.2))
for k in range(1, 6):
    plt.plot(t, np.exp(-t / 12) * np.sin(t * k / 2) + k, label=f"{k / 2} Hz")
plt.legend(loc="right"); plt.title("Damped oscillations");`;
