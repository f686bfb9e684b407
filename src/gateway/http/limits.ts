/** Every bound of the HTTP gateway in one place, so that tests can shrink them. Times in milliseconds, sizes in bytes. */
export interface Limits {
  headBytes: number;
  requestLineBytes: number;
  /** From the first byte of a request to the end of its head: what a slowloris gets. */
  headMs: number;
  /** Between two requests on one client connection. */
  clientIdleMs: number;
  /** Between two pieces of a request body. */
  bodyIdleMs: number;
  connectMs: number;
  /** From the end of the request to the first byte of the answer. */
  responseMs: number;
  upstreamIdleMs: number;
  /** A request that cannot be sent twice only goes on a kept connection that was in use this recently. */
  freshMs: number;
  idlePerUpstream: number;
  /** Client bytes that wait in memory (early body, pipelined requests) before reading is paused. */
  heldBytes: number;
  connectionsPerAddress: number;
  /** How long unread request bytes are drained after an early answer, so that the answer is not lost to a reset. */
  lingerMs: number;
  sweepMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  headBytes: 64 * 1024,
  requestLineBytes: 16 * 1024,
  headMs: 15_000,
  clientIdleMs: 75_000,
  bodyIdleMs: 120_000,
  connectMs: 5_000,
  responseMs: 600_000,
  upstreamIdleMs: 30_000,
  freshMs: 1_000,
  idlePerUpstream: 128,
  heldBytes: 64 * 1024,
  connectionsPerAddress: 512,
  lingerMs: 5_000,
  sweepMs: 1_000,
};
