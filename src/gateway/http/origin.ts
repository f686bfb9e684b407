import type { RequestHead } from "./head-parser.ts";
import { Refusal } from "./refusal.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Cookies authorise here, so a page of another origin must not be able to use them: upgrades and everything that
 * changes something need the Origin of this very host (or a configured one). Programs send no Origin at all;
 * browsers that leave it out still send Sec-Fetch-*.
 */
export function checkOrigin(head: RequestHead, upgrade: boolean, origins: readonly string[]): void {
  if (!upgrade && SAFE.has(head.method)) return;
  if (head.origin !== null) {
    if (!isOwn(head.origin.toLowerCase(), head.host.toLowerCase()) && !origins.includes(head.origin)) throw foreign();
    return;
  }
  const browser = head.fetchSite !== null || head.fetchMode !== null;
  if (upgrade ? browser : browser && head.fetchSite !== "same-origin" && head.fetchSite !== "none") throw foreign();
}

function isOwn(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

function foreign(): Refusal {
  return new Refusal(
    403,
    "foreign_origin",
    "This request came from a page of another site.",
    "Open the workspace from the portal.",
  );
}
