import type { StreamReply } from "../../contracts/public/index.ts";

export type LinkState =
  | { kind: "connecting" }
  | { kind: "open" }
  /** Lost; tries again by itself at `retryAt`. */
  | { kind: "lost"; retryAt: number }
  | { kind: "ended"; code: number }
  | { kind: "refused"; message: string; hint: string };

export interface LinkEvents {
  /** `fresh`: the server repaints the whole screen from here on. */
  data(bytes: Uint8Array, fresh: boolean): void;
  state(state: LinkState): void;
}

const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 8000;
/** A connection that held this long was a good one: the next loss starts from short pauses again. */
const GOOD_MS = 5000;

/** A WebSocket to one terminal session that comes back by itself, to the same session, until told to stop. */
export class TerminalLink {
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pause = FIRST_PAUSE_MS;
  #stopped = false;

  constructor(
    readonly url: () => string,
    readonly events: LinkEvents,
    readonly open: (url: string) => WebSocket = (u) => new WebSocket(u),
    readonly now: () => number = Date.now,
  ) {
    this.#connect();
  }

  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(bytes);
    return true;
  }

  resize(cols: number, rows: number): void {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ type: "resize", cols, rows }));
    }
  }

  /** At once: the network is back, the person asks, or the session was ended and is wanted anew. */
  readonly retryNow = (): void => {
    if (this.#stopped || this.#socket?.readyState === WebSocket.OPEN) return;
    this.#connect();
  };

  /** The network is known to be gone: no need to wait for a timeout. */
  readonly drop = (): void => this.#socket?.close();

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.events.state({ kind: "connecting" });
    const socket = this.open(this.url());
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    let fresh = true;
    let openedAt: number | null = null;
    let over = false;
    socket.onopen = () => {
      openedAt = this.now();
      this.events.state({ kind: "open" });
    };
    socket.onmessage = ({ data }) => {
      if (this.#socket !== socket) return;
      if (typeof data === "string") over = this.#reply(data) || over;
      else {
        this.events.data(new Uint8Array(data as ArrayBuffer), fresh);
        fresh = false;
      }
    };
    socket.onclose = ({ code }) => {
      if (this.#stopped || this.#socket !== socket || over) return;
      if (code === 1000) return this.events.state({ kind: "ended", code: 0 });
      if (code === 1008) return this.events.state(NOT_ALLOWED);
      if (openedAt !== null && this.now() - openedAt > GOOD_MS) this.#pause = FIRST_PAUSE_MS;
      this.#later();
    };
  }

  #later(): void {
    const pause = this.#pause * (0.75 + Math.random() / 2);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    this.events.state({ kind: "lost", retryAt: this.now() + pause });
    this.#timer = setTimeout(() => this.#connect(), pause);
  }

  /** true: the session is over, and what closes now needs no reconnect. */
  #reply(text: string): boolean {
    let reply: StreamReply;
    try {
      reply = JSON.parse(text) as StreamReply;
    } catch {
      return false;
    }
    if (reply.type === "exit") this.events.state({ kind: "ended", code: reply.code });
    else if (reply.type === "error") this.events.state({ kind: "refused", message: reply.message, hint: reply.hint });
    else return false;
    return true;
  }
}

const NOT_ALLOWED: LinkState = {
  kind: "refused",
  message: "This terminal was closed because the login ended or was withdrawn.",
  hint: "Log in again; the session itself is still there.",
};
