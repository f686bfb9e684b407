import { type FieldNames, HASH_START, hashByte, Kind } from "./field-names.ts";
import type { Refusal } from "./refusal.ts";

export type Refuse = (why: string) => Refusal;

const TOKEN = 1;
const VALUE = 2;
const TARGET = 4;
/** What each byte may be part of. */
const CLASS = new Uint8Array(256);
for (let c = 0x21; c < 0x100; c++) if (c !== 0x7f) CLASS[c] = VALUE | (c === 0x23 ? 0 : TARGET);
for (const c of Buffer.from("!#$%&'*+-.^_`|~0123456789")) CLASS[c]! |= TOKEN;
for (let c = 0x61; c <= 0x7a; c++) {
  CLASS[c]! |= TOKEN;
  CLASS[c - 0x20]! |= TOKEN;
}
CLASS[0x20] = VALUE;
CLASS[0x09] = VALUE;

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;

/** Who is told about the fields that matter. Values are `text.slice(from, to)`, without blanks around them. */
export interface FieldVisitor {
  /** True: the line is passed on as it came. */
  field(kind: Kind, text: string, from: number, to: number): boolean;
}

/**
 * Goes through header lines byte by byte, once: checks every one, reports those that matter, and returns the others
 * as they came. `text` is `bytes` as latin1; lines go from `from` to `end`, which is behind the last line's CRLF and
 * in front of the CRLF that ends the head.
 */
export function scanFields(
  bytes: Buffer,
  text: string,
  from: number,
  end: number,
  names: FieldNames,
  visitor: FieldVisitor,
  refuse: Refuse,
): string {
  let kept = "";
  let run = from;
  let at = from;
  while (at < end) {
    const start = at;
    let hash = HASH_START;
    let c = bytes[at]!;
    while (c !== COLON) {
      // Also catches folded lines, blanks before the colon, and lines without one.
      if ((CLASS[c]! & TOKEN) === 0) throw refuse("A header line is folded, or its name is not a token.");
      hash = hashByte(hash, c);
      c = bytes[++at]!;
    }
    if (at === start) throw refuse("A header has no name.");
    const nameEnd = at;
    const eol = endOfValue(bytes, at + 1, refuse);
    at = eol + 2;
    const kind = names.kindOf(bytes, start, nameEnd, hash);
    if (kind === Kind.ordinary) continue;
    if (kind !== Kind.drop) {
      let a = nameEnd + 1;
      let b = eol;
      while (a < b && isBlank(bytes[a]!)) a++;
      while (b > a && isBlank(bytes[b - 1]!)) b--;
      if (visitor.field(kind, text, a, b)) continue;
    }
    if (run < start) kept += text.slice(run, start);
    run = at;
  }
  return run < at ? kept + text.slice(run, at) : kept;
}

function endOfValue(bytes: Buffer, from: number, refuse: Refuse): number {
  let at = from;
  while ((CLASS[bytes[at]!]! & VALUE) !== 0) at++;
  checkEnd(bytes, at, refuse);
  return at;
}

/** Throws unless the line ends here, with CRLF. */
function checkEnd(bytes: Buffer, at: number, refuse: Refuse): void {
  const c = bytes[at]!;
  if (c === CR && bytes[at + 1] === LF) return;
  throw refuse(c === CR || c === LF ? "A line does not end in CRLF." : "A header contains a control character.");
}

const isBlank = (c: number) => c === 0x20 || c === 0x09;

export interface StartLine {
  /** Where its CRLF is. */
  eol: number;
  /** Where the first blank is. */
  first: number;
  /** Where the last part begins: the version of a request line, the reason of a status line. */
  last: number;
  minor: 0 | 1;
}

/** `METHOD SP target SP HTTP/1.x`, or null. */
export function scanRequestLine(bytes: Buffer): StartLine | null {
  let at = 0;
  while ((CLASS[bytes[at]!]! & TOKEN) !== 0) at++;
  const first = at;
  if (first === 0 || bytes[at++] !== 0x20) return null;
  while ((CLASS[bytes[at]!]! & TARGET) !== 0) at++;
  const last = at + 1;
  if (last === first + 2 || bytes[at] !== 0x20 || !isVersion(bytes, last)) return null;
  const eol = last + 8;
  if (bytes[eol] !== CR || bytes[eol + 1] !== LF) return null;
  return { eol, first, last, minor: bytes[last + 7] === 0x31 ? 1 : 0 };
}

/** `HTTP/1.x SP status [SP reason]`, or null. */
export function scanStatusLine(bytes: Buffer): StartLine | null {
  if (!isVersion(bytes, 0) || bytes[8] !== 0x20) return null;
  const hundreds = bytes[9]!;
  if (hundreds < 0x31 || hundreds > 0x35 || !isDigit(bytes[10]!) || !isDigit(bytes[11]!)) return null;
  let at = 12;
  if (bytes[at] === 0x20) at++;
  else if (bytes[at] !== CR) return null;
  const last = at;
  while ((CLASS[bytes[at]!]! & VALUE) !== 0) at++;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) return null;
  return { eol: at, first: 8, last, minor: bytes[7] === 0x31 ? 1 : 0 };
}

/** `HTTP/1.0` or `HTTP/1.1`. */
function isVersion(b: Buffer, at: number): boolean {
  if (b[at] !== 0x48 || b[at + 1] !== 0x54 || b[at + 2] !== 0x54 || b[at + 3] !== 0x50 || b[at + 4] !== 0x2f)
    return false;
  return b[at + 5] === 0x31 && b[at + 6] === 0x2e && (b[at + 7] === 0x30 || b[at + 7] === 0x31);
}

const isDigit = (c: number) => c >= 0x30 && c <= 0x39;

/** `Name: value\r\n` lines one by one, for the rare cases where every name matters. They have been scanned, or are checked here. */
export function splitLines(lines: string, refuse: Refuse): { name: string; line: string }[] {
  const out: { name: string; line: string }[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = /[^\r\n]*\r\n/y;
    line.lastIndex = at;
    const found = line.exec(lines)?.[0];
    const name =
      found === undefined ? null : /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t\x20-\x7e\x80-\xff]*\r\n$/.exec(found);
    if (!found || !name) throw refuse("A header line is malformed.");
    out.push({ name: name[1]!.toLowerCase(), line: found });
    at += found.length;
  }
  return out;
}

/** The members of a comma-separated list, lower case, without empty ones. */
export function listOf(value: string): readonly string[] {
  if (value === "keep-alive") return KEEP_ALIVE;
  return value
    .split(",")
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== "");
}

const KEEP_ALIVE = ["keep-alive"];
