import type { StreamFrame } from "../../contracts/public/index.ts";

export type Connection = "connecting" | "open" | "lost";
export interface StreamEvents {
  frame(frame: StreamFrame): void;
  connection(state: Connection): void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** A browser allows six streams per host name, over all tabs: those that nobody looks at give theirs back. */
const HIDDEN_GRACE_MS = 15_000;

/** The one event stream of the app. Reconnects for ever, at once when the network or the person comes back. */
export class LiveStream {
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  #pause = FIRST_PAUSE_MS;
  #stopped = false;

  constructor(
    readonly url: string,
    readonly events: StreamEvents,
  ) {
    addEventListener("online", this.retryNow);
    addEventListener("offline", this.#lost);
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    removeEventListener("online", this.retryNow);
    removeEventListener("offline", this.#lost);
    document.removeEventListener("visibilitychange", this.#onVisibility);
    clearTimeout(this.#timer);
    clearTimeout(this.#hiddenTimer);
    this.#source?.close();
  }

  readonly retryNow = (): void => {
    if (this.#stopped || this.#source?.readyState === EventSource.OPEN) return;
    this.#connect();
  };

  #connect(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    const source = new EventSource(this.url);
    this.#source = source;
    source.onopen = () => {
      this.#pause = FIRST_PAUSE_MS;
      this.events.connection("open");
    };
    source.onmessage = (message) => {
      const frame = parseFrame(message.data);
      if (frame) this.events.frame(frame);
    };
    // The browser's own retry gives up for good on an HTTP error, so the pauses are ours.
    source.onerror = this.#lost;
  }

  readonly #lost = (): void => {
    if (this.#stopped) return;
    this.#source?.close();
    this.#source = null;
    this.events.connection("lost");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), this.#pause * (0.75 + Math.random() / 2));
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  };

  readonly #onVisibility = (): void => {
    clearTimeout(this.#hiddenTimer);
    if (document.hidden) this.#hiddenTimer = setTimeout(this.#rest, HIDDEN_GRACE_MS);
    else if (this.#source === null) this.#connect();
  };

  readonly #rest = (): void => {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  };
}

/** null for what is not a frame, so that one bad line never ends the stream. */
export function parseFrame(data: unknown): StreamFrame | null {
  if (typeof data !== "string") return null;
  try {
    const frame = JSON.parse(data) as StreamFrame | null;
    return typeof frame === "object" && frame !== null && typeof frame.type === "string" ? frame : null;
  } catch {
    return null;
  }
}
