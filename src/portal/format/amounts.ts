import { formatBytes, formatMiB } from "../../lib/units.ts";

export { formatBytes, formatMiB };

/** 1 → "1 core", 0.25 → "0.25 cores" */
export function formatCores(cores: number): string {
  const text = trim(cores, 2);
  return `${text} ${text === "1" ? "core" : "cores"}`;
}

/** 2048 → "2 KiB/s" */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

/** 0.284 → "28 %" */
export function formatPercent(fraction: number): string {
  return `${Math.round(clamp01(fraction) * 100)} %`;
}

/** plural(1, "node") → "1 node"; plural(2, "node") → "2 nodes" */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** A share between 0 and 1, also where the whole is 0 or the part is more than the whole. */
export function share(part: number, whole: number): number {
  if (whole <= 0) return part > 0 ? 1 : 0;
  return clamp01(part / whole);
}

function clamp01(n: number): number {
  return Number.isFinite(n) ? Math.min(1, Math.max(0, n)) : 0;
}

export function trim(n: number, digits: number): string {
  return n
    .toFixed(digits)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
}
