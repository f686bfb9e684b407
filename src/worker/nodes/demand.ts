/** After so long without a claim, half as many are expected. ms */
export const HALF_LIFE_MS = 600_000;
/** Warm nodes of one image beyond its minimum: each holds memory that nobody uses. */
export const MOST_MORE = 16;

/** Claims of the recent past, of which old ones count less and less. */
export interface Claims {
  count: number;
  /** When `count` was true. Monotonic, ms. */
  at: number;
}

export function recentClaims(claims: Claims | undefined, now: number): number {
  return claims ? claims.count * 0.5 ** (Math.max(0, now - claims.at) / HALF_LIFE_MS) : 0;
}

export function claimed(claims: Claims | undefined, now: number): Claims {
  return { count: recentClaims(claims, now) + 1, at: now };
}

/**
 * Warm nodes to keep: the minimum, and one for every two that were claimed lately. Where nobody wants any, claims change
 * nothing.
 */
export function wantedCount(minimum: number, recent: number): number {
  // Three claims in a row are worth three, whatever of them has decayed in between.
  return minimum === 0 ? 0 : minimum + Math.min(MOST_MORE, Math.floor((recent + 0.01) / 2));
}
