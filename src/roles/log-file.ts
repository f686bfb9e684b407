import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { LogSink } from "../lib/log.ts";
import type { Clock } from "../os/clock.ts";

const MAX_BYTES = 64 * 1024 * 1024;
const DAY_MS = 86_400_000;

/**
 * A log file that is turned over every day, and earlier when it grows too big; old ones go after `days`.
 * A full disk never stops docklet: what cannot be written is counted and said once there is room again.
 */
export class LogFile implements LogSink {
  #fd: number;
  #day: number;
  #bytes: number;
  #lost = 0;

  constructor(
    private readonly path: string,
    private readonly days: number,
    private readonly clock: Clock,
    private readonly echo: ((line: string) => void) | null = null,
  ) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#fd = openSync(path, "a", 0o600);
    this.#bytes = fstatSync(this.#fd).size;
    this.#day = Math.floor((this.#bytes > 0 ? statSync(path).mtimeMs : clock.now()) / DAY_MS);
  }

  write(line: string): void {
    this.echo?.(line);
    try {
      if (Math.floor(this.clock.now() / DAY_MS) !== this.#day || this.#bytes > MAX_BYTES) this.#turnOver();
      if (this.#lost > 0) {
        writeSync(
          this.#fd,
          `${JSON.stringify({ level: "warn", msg: `${this.#lost} lines were lost: the disk was full` })}\n`,
        );
        this.#lost = 0;
      }
      this.#bytes += writeSync(this.#fd, line);
    } catch {
      this.#lost++;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #turnOver(): void {
    const now = this.clock.now();
    const stamp = new Date(this.#day * DAY_MS).toISOString().slice(0, 10);
    let target = `${this.path}.${stamp}`;
    for (let n = 1; existsSync(target); n++) target = `${this.path}.${stamp}.${n}`;
    closeSync(this.#fd);
    renameSync(this.path, target);
    this.#fd = openSync(this.path, "a", 0o600);
    this.#day = Math.floor(now / DAY_MS);
    this.#bytes = 0;
    const dir = dirname(this.path);
    for (const file of readdirSync(dir)) {
      if (!file.startsWith(`${basename(this.path)}.`)) continue;
      if (now - statSync(join(dir, file)).mtimeMs > this.days * DAY_MS) rmSync(join(dir, file), { force: true });
    }
  }
}
