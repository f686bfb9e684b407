/** The time, as a thing that can be handed in: tests stop it, stores never ask for it themselves. */
export interface Clock {
  /** Milliseconds since 1970, UTC. For people and for rows; may jump. */
  now(): number;
  /** Milliseconds that only ever grow. For durations. */
  monotonic(): number;
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
