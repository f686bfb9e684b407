import type { Refusal } from "./refusal.ts";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Anything but HTAB, CR, LF and the printable bytes: NUL and its like. */
const CONTROL = /[^\t\r\n\x20-\x7e\x80-\xff]/;
const CR = 0x0d;

/** Names seen before, lower-cased and known to be tokens. Bounded: clients choose names. */
const known = new Map<string, string>();
const KNOWN_MAX = 512;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * The header lines of one message, as they came. Only names are looked at here; values are cut out when somebody
 * wants them, and whatever is passed on is copied as runs of whole lines.
 */
export class Fields {
  /** In lower case, in order. */
  readonly names: string[] = [];
  /** Where each line begins in `text`, and at last where the lines end. */
  readonly #starts: number[] = [];

  /** Parses the lines from `from` to the end of `text`, which ends with the CRLF of its last line. */
  constructor(
    readonly text: string,
    from: number,
    refuse: (why: string) => Refusal,
  ) {
    if (CONTROL.test(text)) throw refuse("A header contains a control character.");
    let at = from;
    while (at < text.length) {
      const eol = endOfLine(text, at, refuse);
      const colon = text.indexOf(":", at);
      // A missing colon finds one of a later line, or none.
      if (colon < 0 || colon > eol) throw refuse("A header line has no colon.");
      this.names.push(nameOf(text.slice(at, colon), refuse));
      this.#starts.push(at);
      at = eol + 2;
    }
    this.#starts.push(at);
  }

  value(i: number): string {
    let a = this.#starts[i]! + this.names[i]!.length + 1;
    let b = this.#starts[i + 1]! - 2;
    while (a < b && isBlank(this.text.charCodeAt(a))) a++;
    while (b > a && isBlank(this.text.charCodeAt(b - 1))) b--;
    return this.text.slice(a, b);
  }

  /** Lines `from` up to, not including, `to`. */
  lines(from: number, to: number): string {
    return from === to ? "" : this.text.slice(this.#starts[from]!, this.#starts[to]!);
  }
}

/** The position of the CRLF that ends the line at `at`; any other CR or LF is refused. */
export function endOfLine(text: string, at: number, refuse: (why: string) => Refusal): number {
  const lf = text.indexOf("\n", at);
  if (lf < 1 || text.charCodeAt(lf - 1) !== CR) throw refuse("A line does not end in CRLF.");
  if (text.indexOf("\r", at) !== lf - 1) throw refuse("A line contains a bare CR.");
  return lf - 1;
}

function nameOf(raw: string, refuse: (why: string) => Refusal): string {
  const seen = known.get(raw);
  if (seen !== undefined) return seen;
  // Also catches folded lines (they begin with a blank) and blanks before the colon.
  if (!TOKEN.test(raw)) throw refuse("A header name is not a token, or a header line is folded.");
  const name = raw.toLowerCase();
  if (known.size < KNOWN_MAX && raw.length <= 64) known.set(raw, name);
  return name;
}

const isBlank = (c: number) => c === 0x20 || c === 0x09;

const KEEP_ALIVE = ["keep-alive"];

/** The members of a comma-separated list, lower case, without empty ones. */
export function listOf(value: string): readonly string[] {
  if (value === "keep-alive") return KEEP_ALIVE;
  return value
    .split(",")
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== "");
}
