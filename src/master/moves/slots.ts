/** Turns by host: a body runs once all of its hosts have one free. Who came first goes first, where both could. */
export class Slots {
  readonly #used = new Map<string, number>();
  readonly #waiting: { hosts: string[]; go: () => void }[] = [];

  constructor(readonly each: number) {}

  /** Resolves to the way to give the turn back. Rejects with the signal's reason. */
  take(hosts: string[], signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const waiter = {
        hosts,
        go: () => {
          signal.removeEventListener("abort", leave);
          for (const h of hosts) this.#used.set(h, (this.#used.get(h) ?? 0) + 1);
          let over = false;
          resolve(() => {
            if (over) return;
            over = true;
            for (const h of hosts) this.#used.set(h, this.#used.get(h)! - 1);
            this.#next();
          });
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiter);
      this.#next();
    });
  }

  #next(): void {
    for (const waiter of [...this.#waiting]) {
      if (!waiter.hosts.every((h) => (this.#used.get(h) ?? 0) < this.each)) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.go();
    }
  }
}
