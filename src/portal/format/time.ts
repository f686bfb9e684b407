const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "just now", "5 min ago", "in 3 days": what a person would say. Past a month: the date. */
export function formatAgo(at: number, now: number): string {
  const ms = now - at;
  const distance = Math.abs(ms);
  if (distance < MINUTE) return ms >= 0 ? "just now" : "in a moment";
  if (distance > 30 * DAY) return formatDate(at);
  const text =
    distance < HOUR ? unit(distance, MINUTE, "min") : distance < DAY ? unit(distance, HOUR, "h") : days(distance);
  return ms >= 0 ? `${text} ago` : `in ${text}`;
}

/** 350 → "0.35 s", 9200 → "9.2 s", 75 000 → "1 min 15 s" */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${(Math.max(0, ms) / 1000).toFixed(2)} s`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.round(ms / 1000)} s`;
  if (ms < HOUR) return join(unit(ms, MINUTE, "min"), unit(ms % MINUTE, 1000, "s"));
  if (ms < DAY) return join(unit(ms, HOUR, "h"), unit(ms % HOUR, MINUTE, "min"));
  return join(days(ms), unit(ms % DAY, HOUR, "h"));
}

export function formatDate(at: number): string {
  return new Date(at).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

export function formatDateTime(at: number): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

function unit(ms: number, size: number, name: string): string {
  return `${Math.floor(ms / size)} ${name}`;
}

function days(ms: number): string {
  const n = Math.floor(ms / DAY);
  return `${n} ${n === 1 ? "day" : "days"}`;
}

function join(big: string, small: string): string {
  return small.startsWith("0 ") ? big : `${big} ${small}`;
}
