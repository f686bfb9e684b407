import type { RequestHead } from "./head-parser.ts";
import { malformed } from "./refusal.ts";

const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;

/**
 * The protocol that this request wants to switch to, or null. h2c is not offered: inside it, requests would pass
 * without any of the checks that are made here.
 */
export function requestedUpgrade(head: RequestHead): string | null {
  if (head.upgrade === null || head.minor === 0 || !head.connection.includes("upgrade")) return null;
  const protocol = head.upgrade;
  if (/^h2c?$|^http|,/i.test(protocol)) return null;
  if (!PROTOCOL.test(protocol)) throw malformed("The Upgrade header is not a protocol name.");
  if (head.framing.kind !== "none") throw malformed("A request that switches protocols has a body.");
  return protocol;
}
