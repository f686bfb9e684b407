import { Labels } from "../contracts/public/system.ts";
import { UsageError } from "./command.ts";

const HINT = "Write for example disk=fast: lower-case letters, digits, and . _ - in between.";

/** `disk=fast` words as labels. */
export function parseLabels(words: readonly string[], command: string): Labels {
  const pairs = words.map((word) => {
    const at = word.indexOf("=");
    if (at < 1) throw new UsageError(`"${word.slice(0, 60)}" is not a label.`, HINT, command);
    return [word.slice(0, at), word.slice(at + 1)] as const;
  });
  const doubled = pairs.find(([k], i) => pairs.findIndex(([other]) => other === k) !== i);
  if (doubled) throw new UsageError(`The label ${doubled[0].slice(0, 60)} is given twice.`, "", command);
  const labels = Labels.safeParse(Object.fromEntries(pairs));
  if (labels.success) return labels.data;
  throw new UsageError(`"${words.join(" ").slice(0, 60)}" are not labels.`, HINT, command);
}

/** `disk=fast room=b12`, by name. */
export function formatLabels(labels: Labels): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([k, v]) => `${k}=${v}`).join(" ");
}
