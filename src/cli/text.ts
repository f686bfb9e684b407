/**
 * Names, messages and file contents come from other people. Escape sequences in them would let one
 * person drive another's terminal, so everything but plain text is made visible.
 */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (c) => {
    return `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/** The same on one line. */
export function oneLine(text: string): string {
  return plain(text.replace(/\s*[\r\n]+\s*/g, " "));
}

/** 3 s, 5 min, 2 h, 4 d */
export function duration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86_400)} d`;
}

export function ago(at: number | null, now: number): string {
  return at === null ? "never" : `${duration(now - at)} ago`;
}
