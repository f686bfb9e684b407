import type { Labels } from "../../contracts/public/index.ts";

/** `disk=fast, room=b12`, in the order of their names. */
export function describeLabels(labels: Labels): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([k, v]) => `${k}=${v}`).join(", ");
}
