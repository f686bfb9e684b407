import { useSyncExternalStore } from "react";
import { formatAgo, formatDateTime } from "../format/time.ts";

const EVERY_MS = 15_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const l of listeners) l();
  }, EVERY_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** "5 min ago", kept true by one clock for the whole page; the exact time on hover. */
export function TimeAgo({ at }: { at: number | null }) {
  const clock = useSyncExternalStore(subscribe, () => now);
  if (at === null) return <span className="dk-dim">never</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={formatDateTime(at)}>
      {formatAgo(at, Math.max(clock, Date.now()))}
    </time>
  );
}
