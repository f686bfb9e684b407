/**
 * Runs functions one after another per key: two orders for the same node never interleave,
 * orders for different nodes never wait for each other.
 */
export class KeyedMutex<K> {
  readonly #tails = new Map<K, Promise<unknown>>();

  run<T>(key: K, body: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = before.then(body, body);
    const tail = mine
      .catch(() => {})
      .finally(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
      });
    this.#tails.set(key, tail);
    return mine;
  }

  busy(key: K): boolean {
    return this.#tails.has(key);
  }

  /** Resolves when nothing is running. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }
}

/** At most `limit` bodies at once; the rest wait in order, lower `priority` numbers first. */
export class Semaphore {
  #free: number;
  readonly #waiting: { priority: number; go: () => void }[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  async run<T>(body: () => Promise<T>, priority = 0): Promise<T> {
    if (this.#free > 0) this.#free--;
    else
      await new Promise<void>((go) => {
        const at = this.#waiting.findIndex((w) => w.priority > priority);
        this.#waiting.splice(at === -1 ? this.#waiting.length : at, 0, { priority, go });
      });
    try {
      return await body();
    } finally {
      const next = this.#waiting.shift();
      if (next) next.go();
      else this.#free++;
    }
  }

  get waiting(): number {
    return this.#waiting.length;
  }
}
