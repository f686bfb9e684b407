interface Job<T> {
  done: Promise<T>;
  abort: AbortController;
  callers: number;
}

/** Work that several callers may want at once: the first one begins it, the last one that leaves cancels it. */
export class SharedWork<K, T> {
  readonly #jobs = new Map<K, Job<T>>();

  /** Rejects with the signal's reason when this caller leaves; the last one is let go when the work has really ended. */
  async run(key: K, signal: AbortSignal, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    let job = this.#jobs.get(key);
    while (job?.abort.signal.aborted) {
      await job.done.catch(() => {});
      signal.throwIfAborted();
      job = this.#jobs.get(key);
    }
    const mine = job ?? this.#begin(key, body);
    mine.callers++;
    const left = Promise.withResolvers<never>();
    left.promise.catch(() => {});
    const leave = () => {
      if (--mine.callers > 0) return left.reject(signal.reason);
      mine.abort.abort(signal.reason);
      void mine.done.catch(() => {}).then(() => left.reject(signal.reason));
    };
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([mine.done, left.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** Cancels everything and waits for its end. */
  async stop(reason: Error): Promise<void> {
    const jobs = [...this.#jobs.values()];
    for (const job of jobs) job.abort.abort(reason);
    await Promise.allSettled(jobs.map((j) => j.done));
  }

  #begin(key: K, body: (signal: AbortSignal) => Promise<T>): Job<T> {
    const abort = new AbortController();
    const job: Job<T> = { abort, callers: 0, done: body(abort.signal) };
    this.#jobs.set(key, job);
    job.done
      .catch(() => {})
      .finally(() => {
        if (this.#jobs.get(key) === job) this.#jobs.delete(key);
      });
    return job;
  }
}
