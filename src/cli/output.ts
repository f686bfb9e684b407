import { type Column, formatTable } from "./table.ts";
import { plain } from "./text.ts";

export interface Sink {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns?: number | undefined;
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Colour = keyof typeof CODES;

/** Data goes to stdout, everything that is said about it to stderr: a pipe only ever gets data. */
export class Output {
  #progress = false;

  constructor(
    readonly stdout: Sink,
    readonly stderr: Sink,
    readonly isJson: boolean,
    private readonly env: Record<string, string | undefined>,
  ) {}

  paint(colour: Colour, text: string, sink: Sink = this.stdout): string {
    return sink.isTTY && !this.env.NO_COLOR && this.env.TERM !== "dumb"
      ? `\u001b[${CODES[colour]}m${text}\u001b[0m`
      : text;
  }

  /** One line of data. */
  line(text: string): void {
    this.#clear();
    this.stdout.write(`${text}\n`);
  }

  json(value: unknown): void {
    this.#clear();
    this.stdout.write(`${JSON.stringify(value, null, this.stdout.isTTY ? 2 : 0)}\n`);
  }

  /** The value as JSON with --json, else what `text` prints. */
  data(value: unknown, text: () => void): void {
    if (this.isJson) this.json(value);
    else text();
  }

  /** Rows as a table, or `{items}` with --json. */
  table<T>(rows: readonly T[], columns: readonly Column<T>[], empty: string): void {
    if (this.isJson) this.json({ items: rows });
    else if (rows.length === 0) this.note(empty);
    else {
      this.#clear();
      this.stdout.write(formatTable(rows, columns, (c, text) => this.paint(c, text)));
    }
  }

  /** Something to say that is no data. */
  note(text: string): void {
    this.#clear();
    this.stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    this.note(`${this.paint("yellow", "warning:", this.stderr)} ${plain(text)}`);
  }

  error(message: string, hint = "", requestId = ""): void {
    this.note(`${this.paint("red", "error:", this.stderr)} ${plain(message)}`);
    if (hint !== "") this.note(`  ${plain(hint).replaceAll("\n", "\n  ")}`);
    if (requestId !== "") this.note(this.paint("dim", `  request ${plain(requestId)}`, this.stderr));
  }

  /** A line that the next one takes the place of; on anything but a terminal a line of its own. */
  progress(text: string): void {
    if (!this.stderr.isTTY) {
      this.stderr.write(`${text}\n`);
      return;
    }
    const width = (this.stderr.columns ?? 80) - 1;
    this.stderr.write(`\r\u001b[2K${[...text].slice(0, width).join("")}`);
    this.#progress = true;
  }

  #clear(): void {
    if (!this.#progress) return;
    this.#progress = false;
    this.stderr.write("\r\u001b[2K");
  }
}
