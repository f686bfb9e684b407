import { until } from "../../src/lib/retry.ts";
import type { TestDocklet } from "../kit/docklet.ts";
import { opened } from "./workspace-visit.ts";

/** A browser tab with a terminal in it, less the drawing. */
export class Terminal {
  #raw = "";
  readonly #decoder = new TextDecoder();

  private constructor(readonly socket: WebSocket) {
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", (e) => {
      if (typeof e.data !== "string") this.#raw += this.#decoder.decode(e.data as ArrayBuffer, { stream: true });
    });
  }

  static async open(d: TestDocklet, token: string, node: string, session = "main"): Promise<Terminal> {
    const [name, host] = node.split("/");
    const path = `/api/v1/vclusters/${name}/nodes/${host}/terminal?session=${session}&cols=120&rows=40`;
    const headers = { authorization: `Bearer ${token}` };
    const terminal = new Terminal(
      new WebSocket(d.portal.replace(/^http/, "ws") + path, { headers } as unknown as string[]),
    );
    await opened(terminal.socket);
    return terminal;
  }

  /** Everything that came so far, without colours and cursor movements. */
  get text(): string {
    return this.#raw.replace(/\x1b(?:\[[0-9;?>=]*[a-zA-Z]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78])/g, "");
  }

  clear(): void {
    this.#raw = "";
  }

  type(text: string): void {
    this.socket.send(new TextEncoder().encode(text));
  }

  resize(cols: number, rows: number): void {
    this.socket.send(JSON.stringify({ type: "resize", cols, rows }));
  }

  /** Waits until the text matches. */
  says(what: string | RegExp, timeoutMs = 20_000): Promise<string> {
    const pattern = typeof what === "string" ? new RegExp(RegExp.escape(what)) : what;
    const found = () => pattern.exec(this.text)?.[0] ?? "";
    return until("the terminal", found, { timeoutMs }).catch(() => {
      throw new Error(`the terminal never said ${what}; it said:\n${this.text.slice(-1500)}`);
    });
  }

  /** Runs a line in its shell and answers what that printed. */
  async run(line: string, timeoutMs = 20_000): Promise<string> {
    const mark = Math.random().toString(36).slice(2, 10);
    this.clear();
    // Quotes in what is typed, so that only the output matches.
    this.type(`echo "<"${mark}; ${line}; echo ${mark}">"\r`);
    await this.says(`${mark}>`, timeoutMs);
    const text = this.text.replaceAll("\r", "");
    return text.slice(text.indexOf(`<${mark}\n`) + mark.length + 2, text.lastIndexOf(`${mark}>`)).trim();
  }

  close(): void {
    this.socket.close();
  }
}
