import type { Refusal } from "./refusal.ts";

/** Header fields in order: `lines[i]` is `Name: value\r\n` as it came, `names[i]` in lower case, `values[i]` trimmed. */
export interface Fields {
  names: string[];
  values: string[];
  lines: string[];
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Anything but HTAB, CR, LF and the printable bytes: NUL and its like. */
const CONTROL = /[^\t\r\n\x20-\x7e\x80-\xff]/;
const BARE = /\r(?!\n)|(?:^|[^\r])\n/;

/** Names seen before, lower-cased and known to be tokens. Bounded: clients choose names. */
const known = new Map<string, string>();
const KNOWN_MAX = 512;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Throws unless every line of `head` ends in CRLF and no control byte is in it. */
export function checkBytes(head: string, refuse: (why: string) => Refusal): void {
  if (CONTROL.test(head)) throw refuse("A header contains a control character.");
  if (BARE.test(head)) throw refuse("A line does not end in CRLF.");
}

/** Parses lines from `from` to the end of `head`, which ends with the CRLF of its last line. */
export function parseFields(head: string, from: number, refuse: (why: string) => Refusal): Fields {
  const fields: Fields = { names: [], values: [], lines: [] };
  let at = from;
  while (at < head.length) {
    const eol = head.indexOf("\r\n", at);
    const colon = head.indexOf(":", at);
    // A missing colon finds one of a later line, or none.
    if (colon < 0 || colon > eol) throw refuse("A header line has no colon.");
    fields.names.push(nameOf(head.slice(at, colon), refuse));
    fields.values.push(trim(head, colon + 1, eol));
    fields.lines.push(head.slice(at, eol + 2));
    at = eol + 2;
  }
  return fields;
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

function trim(text: string, from: number, to: number): string {
  let a = from;
  let b = to;
  while (a < b && isBlank(text.charCodeAt(a))) a++;
  while (b > a && isBlank(text.charCodeAt(b - 1))) b--;
  return text.slice(a, b);
}

const isBlank = (c: number) => c === 0x20 || c === 0x09;

/** The members of a comma-separated list, lower case, without empty ones. */
export function listOf(value: string): string[] {
  return value
    .split(",")
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== "");
}
