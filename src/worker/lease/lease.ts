/**
 * The right of this host to do as its master told it. It runs from the moment at which the host asked, not from that at
 * which it was answered: the master counts from its answer, which is later. Times are ms of a clock that also counts
 * while the machine sleeps. Once it has ended it is over, whatever answers are still on their way; only a new connection
 * begins the next one.
 */
export class Lease {
  #until: number;
  #length = 0;
  #over: boolean;

  /** `until`: end of one that an earlier process had in this run of the machine; null: none is known, so it is over. */
  constructor(
    private readonly now: () => number,
    until: number | null,
  ) {
    this.#until = until ?? 0;
    this.#over = until === null || until <= now();
  }

  /** A connection has come about, and its first question, asked at `asked`, was answered. */
  begin(asked: number, length: number): void {
    this.#until = Math.max(this.#until, asked + length);
    this.#length = length;
    this.#over = this.now() >= this.#until;
  }

  /** A later question was answered, too. What comes after the end changes nothing. */
  renew(asked: number, length: number): void {
    if (this.isOver()) return;
    this.#until = length < this.#length ? asked + length : Math.max(this.#until, asked + length);
    this.#length = length;
    this.isOver();
  }

  /** Asked before everything that only a host with a lease may do. */
  isOver(): boolean {
    this.#over ||= this.now() >= this.#until;
    return this.#over;
  }

  get until(): number {
    return this.#until;
  }

  /** ms since its end; negative before it. */
  get since(): number {
    return this.now() - this.#until;
  }

  /** ms, as given last; 0: never. */
  get length(): number {
    return this.#length;
  }
}
