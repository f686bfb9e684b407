import { join } from "node:path";
import { until } from "../../src/lib/retry.ts";

const FRAMES = join(import.meta.dir, "../attack/frames.py");

/** Writes down every frame that comes to an interface somewhere. */
export class Watcher {
  text = "";
  readonly #child: Bun.Subprocess<"ignore", "pipe", "inherit">;

  private constructor(enter: string[], iface: string) {
    this.#child = Bun.spawn([...enter, "/usr/bin/python3", FRAMES, "watch", iface], {
      stdin: "ignore",
      stdout: "pipe",
    });
    void this.#read();
  }

  /** `enter`: argv that runs what follows it where the interface is. */
  static async on(enter: string[], iface: string): Promise<Watcher> {
    const w = new Watcher(enter, iface);
    await until(`the watcher of ${iface}`, () => w.text.startsWith("ready"), { timeoutMs: 30_000 });
    return w;
  }

  /** Kinds of what was sent that arrived here. A frame may come with padding behind it. */
  saw(sent: Record<string, string>): string[] {
    const lines = this.text.split("\n");
    return Object.keys(sent).filter((kind) => lines.some((l) => l.startsWith(sent[kind]!)));
  }

  async end(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }

  async #read(): Promise<void> {
    const text = new TextDecoder();
    for await (const chunk of this.#child.stdout) this.text += text.decode(chunk);
  }
}
