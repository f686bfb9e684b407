import { createHash } from "node:crypto";

/** What is stored of a random secret of 256 bits: too many to guess, so a plain hash is enough. */
export function secretHash(secret: string): Uint8Array {
  return createHash("sha256").update(secret).digest();
}

/** The token that must accompany writes of a cookie session. Made from the cookie, so nothing else has to be kept. */
export function csrfOf(cookie: string): string {
  return createHash("sha256").update(`docklet csrf ${cookie}`).digest("base64url");
}

/** Equal, in a time that does not tell where the first difference is. */
export function sameText(a: string, b: string): boolean {
  const x = secretHash(a);
  const y = secretHash(b);
  let diff = 0;
  for (let i = 0; i < x.length; i++) diff |= x[i]! ^ y[i]!;
  return diff === 0;
}
