import type { StreamFrame, Vcluster } from "../src/contracts/public/index.ts";

type Wanted = (frame: StreamFrame) => boolean;

/** A person's event stream, as their portal page has it open: every frame with the moment it arrived. */
export class Feed {
  readonly #waiting = new Set<{ wanted: Wanted; found: (at: number) => void; lost: (e: Error) => void }>();
  readonly #abort = new AbortController();

  static async open(url: string, init: RequestInit): Promise<Feed> {
    const feed = new Feed();
    const response = await fetch(url, { ...init, signal: feed.#abort.signal });
    if (!response.ok || !response.body) throw new Error(`event stream: ${response.status} ${await response.text()}`);
    const hello = feed.next((f) => f.type === "hello");
    void feed.#read(response.body);
    await hello;
    return feed;
  }

  /** When the first frame comes that is wanted. Ask before doing what causes it. */
  next(wanted: Wanted, timeoutMs = 180_000): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => lost(new Error("no such event within its time")), timeoutMs);
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(entry);
      };
      const lost = (e: Error) => {
        done();
        reject(e);
      };
      const found = (at: number) => {
        done();
        resolve(at);
      };
      const entry = { wanted, found, lost };
      this.#waiting.add(entry);
    });
  }

  vcluster(name: string, wanted: (v: Vcluster) => boolean): Promise<number> {
    return this.next((f) => {
      if (f.type !== "vcluster" || f.data.name !== name) return false;
      if (f.data.state === "failed") throw new Error(`${name} failed: ${f.data.reason}`);
      return wanted(f.data);
    });
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    try {
      for await (const chunk of body) {
        const at = performance.now();
        text += decoder.decode(chunk, { stream: true });
        const blocks = text.split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) this.#take(block, at);
      }
      this.#lose(new Error("the event stream ended"));
    } catch (e) {
      this.#lose(e as Error);
    }
  }

  #take(block: string, at: number): void {
    const data = block
      .split("\n")
      .filter((l) => l.startsWith("data:"))
      .map((l) => l.slice(5).trimStart())
      .join("\n");
    if (data === "") return;
    const frame = JSON.parse(data) as StreamFrame;
    for (const w of [...this.#waiting]) {
      try {
        if (w.wanted(frame)) w.found(at);
      } catch (e) {
        w.lost(e as Error);
      }
    }
  }

  #lose(e: Error): void {
    for (const w of [...this.#waiting]) w.lost(e);
  }
}
