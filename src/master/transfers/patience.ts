import { DockletError } from "../../lib/errors.ts";
import type { Clock } from "../../os/clock.ts";

/** A host that never answers must not keep anybody from cancelling. */
export function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}

export type Progress = (sent: number, total: number) => void;

/** Work that sends bytes: fails when for `ms` milliseconds not one more of `what` has arrived. */
export async function whileItArrives<T>(
  o: { clock: Clock; ms: number; what: string; signal: AbortSignal; progress: Progress },
  work: (signal: AbortSignal, progress: Progress) => Promise<T>,
): Promise<T> {
  const still = new AbortController();
  let at = o.clock.monotonic();
  let before = -1;
  const look = () => {
    if (o.clock.monotonic() - at < o.ms) return;
    still.abort(new DockletError("host_command", `Nothing of ${o.what} arrived for ${Math.round(o.ms / 1000)} s.`));
  };
  const timer = setInterval(look, Math.max(5, o.ms / 10));
  try {
    return await work(AbortSignal.any([o.signal, still.signal]), (sent, total) => {
      if (sent !== before) at = o.clock.monotonic();
      before = sent;
      o.progress(sent, total);
    });
  } finally {
    clearInterval(timer);
  }
}
