/** The same numbers for the same seed (splitmix32). */
export class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** 0 ≤ x < 1. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  }
  upTo(n: number): number {
    return Math.floor(this.next() * n);
  }
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }
  /** About once in so many ms, asked every `step` ms. */
  every(ms: number, step: number): boolean {
    return this.next() < step / ms;
  }
  pick<T>(from: readonly T[]): T {
    return from[this.upTo(from.length)]!;
  }
}
