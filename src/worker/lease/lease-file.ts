import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** What must stand still when the lease has ended, and with what text in which file. */
export interface Freezer {
  file: string;
  frozen: string;
}

/**
 * The end of the lease, written down for whoever comes after this process: the next one, and the keeper, a shell that
 * freezes the nodes when there is no docklet to do it. In the folder that is gone after a reboot of the machine.
 */
export class LeaseFile {
  #last = "";

  constructor(
    readonly path: string,
    private readonly boot: string,
  ) {}

  /** null: there is none of this run of the machine. */
  read(): number | null {
    try {
      const [boot, until] = readFileSync(this.path, "utf8").split("\n")[0]!.split(" ");
      return boot === this.boot && Number.isSafeInteger(Number(until)) ? Number(until) : null;
    } catch {
      return null;
    }
  }

  /** `keeperMs`: how long after the end the keeper steps in. Nothing is flushed: it need not outlive the machine. */
  write(until: number, keeperMs: number, freezers: Freezer[]): void {
    const rows = freezers.map((f) => `${f.frozen} ${f.file}\n`).sort();
    const text = `${this.boot} ${until}\n${Math.ceil((until + keeperMs) / 1000)}\n${rows.join("")}`;
    if (text === this.#last) return;
    const fresh = `${this.path}.new`;
    writeFileSync(fresh, text, { mode: 0o600 });
    renameSync(fresh, this.path);
    this.#last = text;
  }
}
