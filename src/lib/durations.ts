import { DockletError } from "./errors.ts";

const UNITS: Record<string, number> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400 };

/** `90s`, `30m`, `24h`, `7d` → seconds. A bare number is seconds. Throws `invalid`. */
export function parseSeconds(text: string): number {
  const m = /^\s*(\d{1,9})\s*([a-z]*)\s*$/.exec(text);
  const unit = m ? UNITS[m[2] || "s"] : undefined;
  if (!m || unit === undefined) {
    throw new DockletError("invalid", `"${text.slice(0, 40)}" is not a time.`, "Write for example 30m, 24h or 7d.");
  }
  return Number(m[1]) * unit;
}
