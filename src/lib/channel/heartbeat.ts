import type { Channel } from "./channel.ts";

export interface Beat {
  everyMs: number;
  /** So many beats in a row without a sound from the other side: the connection is lost. */
  missed: number;
}
export const BEAT: Beat = { everyMs: 5_000, missed: 3 };

/**
 * Pings, and closes the channel when the other side has fallen silent: a cut cable closes no connection. Beats are
 * counted and not seconds, so a process that was stopped for a while does not take its own sleep for silence.
 */
export function keepAlive(channel: Channel, beat: Beat = BEAT): void {
  let heard = channel.heard;
  let silent = 0;
  const timer = setInterval(() => {
    silent = channel.heard === heard ? silent + 1 : 0;
    heard = channel.heard;
    if (silent >= beat.missed) channel.close(`nothing was heard for ${(silent * beat.everyMs) / 1000} s`);
    else channel.ping();
  }, beat.everyMs);
  timer.unref?.();
  void channel.closed.then(() => clearInterval(timer));
}

/**
 * Asks again and again while the channel lives, one question at a time: the first at once, each next one `everyMs` after
 * the last was answered or not. A ping will not do where it matters which question an answer belongs to.
 */
export function askRegularly(channel: Channel, everyMs: number, ask: () => Promise<void>): void {
  let timer: ReturnType<typeof setTimeout>;
  let over = false;
  const turn = async () => {
    await ask().catch(() => {});
    if (over) return;
    timer = setTimeout(() => void turn(), everyMs);
    timer.unref?.();
  };
  void channel.closed.then(() => {
    over = true;
    clearTimeout(timer);
  });
  void turn();
}

/** Does the other side answer a ping within `ms`? */
export async function stillThere(channel: Channel, ms: number): Promise<boolean> {
  const heard = channel.heard;
  channel.ping();
  const end = performance.now() + ms;
  let over = false;
  void channel.closed.then(() => {
    over = true;
  });
  while (performance.now() < end && !over) {
    if (channel.heard !== heard) return true;
    await new Promise((r) => setTimeout(r, 10));
  }
  return !over && channel.heard !== heard;
}
