import type { MasterFrame } from "../contracts/master.ts";
import type { Logger } from "../lib/log.ts";

/** While something changes fast, it is shown at most this often. */
const PULSE_MS = 50;

/** What watchers are told. One that throws doesn't keep the others from hearing it. */
export class Frames {
  readonly #listeners = new Set<(frame: MasterFrame) => void>();
  readonly #pulses = new Map<
    string,
    { timer: ReturnType<typeof setTimeout>; again: (() => MasterFrame | null) | null }
  >();

  constructor(readonly log: Logger) {}

  subscribe(listener: (frame: MasterFrame) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(frame: MasterFrame | null): void {
    if (!frame) return;
    for (const listener of this.#listeners) {
      try {
        listener(frame);
      } catch (e) {
        this.log.error({ err: e, frame: frame.type }, "a watcher failed");
      }
    }
  }

  /**
   * Tells at once, and then the latest once more if it was changed again meanwhile: 128 nodes that boot
   * together are not 128 pictures of 128 nodes.
   */
  pulse(key: string, make: () => MasterFrame | null): void {
    const running = this.#pulses.get(key);
    if (running) {
      running.again = make;
      return;
    }
    const pulse = {
      again: null as (() => MasterFrame | null) | null,
      timer: setTimeout(() => {
        this.#pulses.delete(key);
        if (pulse.again) this.pulse(key, pulse.again);
      }, PULSE_MS),
    };
    pulse.timer.unref();
    this.#pulses.set(key, pulse);
    this.emit(make());
  }

  /** Tells now what a pulse holds back: called before something final is told. */
  flush(key: string): void {
    const running = this.#pulses.get(key);
    if (!running?.again) return;
    const make = running.again;
    running.again = null;
    this.emit(make());
  }

  stop(): void {
    for (const { timer } of this.#pulses.values()) clearTimeout(timer);
    this.#pulses.clear();
  }
}
