import type { NodeStream, StreamRequest } from "../../src/contracts/worker.ts";

/** A process that says back what it hears; `exit` ends it. */
export class FakeStream implements NodeStream {
  readonly heard: string[] = [];
  size: { cols: number; rows: number } | null = null;
  ended = false;
  closed = false;
  paused = false;
  /** What `write` answers. */
  keepsUp = true;
  readonly exited: Promise<number>;
  exit: (code: number) => void = () => {};
  #listener: (fd: 1 | 2, data: Uint8Array) => void = () => {};

  constructor(readonly request: StreamRequest) {
    this.exited = new Promise((resolve) => {
      this.exit = resolve;
    });
  }

  write(data: Uint8Array): boolean {
    this.heard.push(new TextDecoder().decode(data));
    this.#listener(1, data);
    return this.keepsUp;
  }
  end(): void {
    this.ended = true;
  }
  resize(cols: number, rows: number): void {
    this.size = { cols, rows };
  }
  close(): void {
    this.closed = true;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  onData(listener: (fd: 1 | 2, data: Uint8Array) => void): void {
    this.#listener = listener;
  }
  say(fd: 1 | 2, data: string | Uint8Array): void {
    this.#listener(fd, typeof data === "string" ? new TextEncoder().encode(data) : data);
  }
}
