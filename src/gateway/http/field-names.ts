/** What the gateway does with a header field, by its name. Everything that is not listed is passed on as it came. */
export const Kind = {
  ordinary: 0,
  drop: 1,
  host: 2,
  contentLength: 3,
  transferEncoding: 4,
  connection: 5,
  upgrade: 6,
  cookie: 7,
  origin: 8,
  accept: 9,
  fetchSite: 10,
  fetchMode: 11,
  expect: 12,
  setCookie: 13,
  location: 14,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** Lower case, and `_` as `-`: WSGI and CGI servers read `X_Forwarded_For` as `X-Forwarded-For`. */
const FOLDED = new Uint8Array(256);
for (let c = 0; c < 256; c++) FOLDED[c] = c >= 0x41 && c <= 0x5a ? c + 0x20 : c === 0x5f ? 0x2d : c;

export const HASH_START = 17;
/** The hash of a name, one byte after the other. */
export function hashByte(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + FOLDED[byte]!) | 0;
}

interface Entry {
  name: Buffer;
  kind: Kind;
}

const SLOTS = 1024;

/** A hash table of known names that is asked with bytes, so that no string is made for the many ordinary fields. */
export class FieldNames {
  readonly #slots: (Entry[] | null)[] = new Array(SLOTS).fill(null);
  readonly #prefixes: Buffer[];

  /** `prefixes` of names to drop; they begin with `x-`. */
  constructor(kinds: Record<string, Kind>, prefixes: string[]) {
    this.#prefixes = prefixes.map((p) => Buffer.from(p));
    for (const [text, kind] of Object.entries(kinds)) {
      const name = Buffer.from(text);
      let hash = HASH_START;
      for (const byte of name) hash = hashByte(hash, byte);
      const slot = hash & (SLOTS - 1);
      this.#slots[slot] = [...(this.#slots[slot] ?? []), { name, kind }];
    }
  }

  /** The kind of the name at `start`..`end` of `bytes`, whose hash is `hash`. */
  kindOf(bytes: Uint8Array, start: number, end: number, hash: number): Kind {
    const entries = this.#slots[hash & (SLOTS - 1)]!;
    if (entries !== null) {
      for (const entry of entries) {
        if (entry.name.length === end - start && begins(bytes, start, entry.name)) {
          // Another spelling of a name that means something here is a trick on what stands behind.
          return entry.kind !== Kind.ordinary && hasUnderscore(bytes, start, end) ? Kind.drop : entry.kind;
        }
      }
    }
    if (FOLDED[bytes[start]!] === 0x78 && end - start > 2) {
      for (const prefix of this.#prefixes)
        if (prefix.length <= end - start && begins(bytes, start, prefix)) return Kind.drop;
    }
    return Kind.ordinary;
  }

  /** The same for a name in lower case. */
  kindOfName(name: string): Kind {
    const bytes = Buffer.from(name, "latin1");
    let hash = HASH_START;
    for (const byte of bytes) hash = hashByte(hash, byte);
    return this.kindOf(bytes, 0, bytes.length, hash);
  }
}

function begins(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (FOLDED[bytes[start + i]!] !== name[i]) return false;
  return true;
}

function hasUnderscore(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === 0x5f) return true;
  return false;
}
