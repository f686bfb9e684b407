/** How far the server's clock is ahead of this one, in ms. A browser's clock may be off by hours. */
let ahead = 0;

/** `at`: the server's time, told just now. */
export function noteServerTime(at: number, now: number = Date.now()): void {
  ahead = at - now;
}

/** What the server's clock shows now: for what arrives without a time of its own. */
export function serverNow(): number {
  return Date.now() + ahead;
}
