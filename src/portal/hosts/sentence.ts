import type { Host } from "../../contracts/public/index.ts";

/** The reason of a host as a sentence. Most come as the end of one that begins with its name. */
export function sentence({ name, reason }: Pick<Host, "name" | "reason">): string {
  if (!reason) return "";
  const text = /^[a-z]/.test(reason) ? `${name} ${reason}` : reason;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
