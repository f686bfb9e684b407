import { randomBytes } from "node:crypto";

/** Lower-case letters and digits without the ones that people mix up (0/o, 1/l/i, u). */
const ALPHABET = "23456789abcdefghjkmnpqrstvwxyz";

/** A random name of `length` characters, 4.9 bits each. Starts with a letter, so that it is a valid host or kernel name. */
export function randomName(length: number): string {
  let out = "";
  while (out.length < length) {
    for (const byte of randomBytes(length * 2)) {
      // Reject the tail so that every character is equally likely.
      if (byte >= 240) continue;
      const c = ALPHABET[byte % 30]!;
      if (out.length === 0 && c <= "9") continue;
      out += c;
      if (out.length === length) break;
    }
  }
  return out;
}

/** A secret of 256 bits, URL-safe. */
export function randomSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** Ids that appear in kernel object names are 6 characters: `dk` + tag + kind + id stays within IFNAMSIZ (15). */
export const shortId = () => randomName(6);
/** Ids that only ever live in databases and URLs. */
export const longId = (prefix: string) => `${prefix}_${randomName(20)}`;
