/** Sleeps `ms` milliseconds, or until `signal` aborts (then it rejects with the signal's reason). */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(done, ms);
    function done() {
      signal?.removeEventListener("abort", stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(signal!.reason);
    }
    signal?.addEventListener("abort", stop, { once: true });
  });
}

export interface Wait {
  /** Give up after this many milliseconds. */
  timeoutMs: number;
  /** First pause; grows by half up to `maxMs`. */
  firstMs?: number;
  maxMs?: number;
  signal?: AbortSignal;
}

/**
 * Asks `probe` again and again until it returns something truthy, and returns that.
 * Only for what has no event to wait for. Rejects with a timeout that carries `what`.
 */
export async function until<T>(what: string, probe: () => T | Promise<T>, wait: Wait): Promise<NonNullable<T>> {
  const end = performance.now() + wait.timeoutMs;
  let pause = wait.firstMs ?? 5;
  for (;;) {
    const got = await probe();
    if (got) return got as NonNullable<T>;
    if (performance.now() >= end) throw new Error(`timed out after ${wait.timeoutMs} ms: ${what}`);
    await sleep(Math.min(pause, wait.maxMs ?? 100), wait.signal);
    pause *= 1.5;
  }
}

/**
 * Like Promise.all, but rejects only when none of them is under way any more: whoever cleans up after the failure
 * must not be overtaken by what was still being made.
 */
export async function allEnded(work: (Promise<unknown> | undefined)[]): Promise<void> {
  for (const r of await Promise.allSettled(work)) if (r.status === "rejected") throw r.reason;
}
