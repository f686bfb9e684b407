import { Labels } from "../../contracts/public/index.ts";

/** {"disk": "fast"} → ["disk=fast"], in order of the alphabet */
export function labelTexts(labels: Labels): string[] {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort();
}

/** ["disk=fast"] → {"disk": "fast"} */
export function labelsOf(texts: string[]): Labels {
  return Object.fromEntries(texts.map((t) => [t.slice(0, t.indexOf("=")), t.slice(t.indexOf("=") + 1)]));
}

/** Why a label cannot be, or null. */
export function checkLabel(key: string, value: string): string | null {
  if (Labels.safeParse({ [key]: value }).success) return null;
  return "Use lower-case letters, digits, dots, hyphens and underscores; begin and end with a letter or digit.";
}

/** Does a host have all of these? */
export function hasLabels(has: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => has[key] === value);
}

/** Every label that any host has, once. */
export function allLabels(hosts: { labels: Labels }[]): string[] {
  return [...new Set(hosts.flatMap((h) => labelTexts(h.labels)))].sort();
}
