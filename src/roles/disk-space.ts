import type { Logger } from "../lib/log.ts";
import { holdAhead, makeSpare } from "../os/space.ts";
import type { Component } from "./component.ts";
import type { Installation } from "./installation.ts";

/** Room for some ten thousand writes: enough to stop and delete everything that made the disk full. */
const AHEAD_BYTES = 8 * 1024 * 1024;
const EVERY_MS = 60_000;

/** Holds disk space for the databases and for the next start: a full disk keeps nobody from stopping and deleting. */
export class DiskSpace implements Component {
  readonly name = "space";
  #timer: Timer | null = null;

  constructor(
    private readonly home: Installation,
    private readonly databases: string[],
    private readonly log: Logger,
  ) {}

  async start(): Promise<void> {
    await this.#hold();
    this.#timer = setInterval(() => void this.#hold(), EVERY_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
  }

  async #hold(): Promise<void> {
    const files = this.databases.flatMap((db) => [db, `${db}-wal`]);
    try {
      const held = [await makeSpare(this.home.spareFile)];
      for (const file of files) held.push(await holdAhead(file, AHEAD_BYTES));
      if (held.includes(false)) this.log.debug("not all of the wanted disk space could be held");
    } catch (err) {
      this.log.warn({ err }, "no disk space is held");
    }
  }
}
