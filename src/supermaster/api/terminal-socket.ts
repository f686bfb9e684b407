import { ExecStart, StreamControl, type StreamReply, TERMINAL_LIMITS } from "../../contracts/public/index.ts";
import type { NodeStream, StreamRequest } from "../../contracts/worker.ts";
import { asDocklet, DockletError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { PersonActor } from "../accounts/actor.ts";

/** What is asked of the node once the socket is open. exec waits for its first frame. */
export type SocketKind = { kind: "terminal"; session: string; cols: number; rows: number } | { kind: "exec" };

/** The half of Bun's ServerWebSocket that is used; tests bring their own. */
export interface Wire {
  send(data: string | Uint8Array): number;
  close(code?: number, reason?: string): void;
  pause(): void;
  resume(): void;
  getBufferedAmount(): number;
}

const CLOSE = { ended: 1000, notAllowed: 1008, failed: 1011, tooSlow: 1013 } as const;
/** Above the first the node is asked to wait; a reader that lets more than the second pile up is let go. */
const PAUSE_BYTES = 1024 * 1024;
const DROP_BYTES = 8 * 1024 * 1024;
const FIRST_FRAME_MS = 10_000;
/** A node that is behind is offered more after this. */
const RETRY_MS = 20;

/** One browser tab or CLI, joined to one process in a node. */
export class TerminalSocket {
  #wire: Wire | null = null;
  #stream: NodeStream | null = null;
  #opening = false;
  #closed = false;
  #paused = false;
  #waitForFirst: Timer | null = null;
  #retry: Timer | null = null;
  /** What came while the stream was still being opened. */
  #early: (Uint8Array | StreamControl)[] = [];

  constructor(
    public actor: PersonActor,
    readonly ownerId: string,
    readonly what: SocketKind,
    readonly node: string,
    readonly openStream: (request: StreamRequest) => Promise<NodeStream>,
    readonly log: Logger,
  ) {}

  opened(wire: Wire): void {
    this.#wire = wire;
    if (this.what.kind === "terminal") {
      const { session, cols, rows } = this.what;
      void this.#start({ kind: "terminal", node: this.node, session, ...clamped(cols, rows) });
      return;
    }
    this.#waitForFirst = setTimeout(() => {
      this.#fail(bad("No command came.", "The first frame of exec says what to run."));
    }, FIRST_FRAME_MS);
  }

  message(data: string | Uint8Array): void {
    if (this.#closed) return;
    if (typeof data !== "string") {
      this.#input(new Uint8Array(data));
      return;
    }
    try {
      this.#text(JSON.parse(data));
    } catch (e) {
      this.#fail(e instanceof SyntaxError ? bad("A text frame was not JSON.", "Send bytes as binary frames.") : e);
    }
  }

  #text(json: unknown): void {
    if (this.what.kind === "exec" && !this.#opening) {
      this.#exec(json);
      return;
    }
    const control = StreamControl.safeParse(json);
    if (!control.success) throw bad("A text frame was no control frame.", "Send resize or eof.");
    if (this.#stream) this.#control(control.data);
    else this.#early.push(control.data);
  }

  /** The other side has taken what was queued. */
  drained(): void {
    if (!this.#paused || (this.#wire?.getBufferedAmount() ?? 0) > PAUSE_BYTES / 2) return;
    this.#paused = false;
    this.#stream?.resume?.();
  }

  /** The socket is gone, whoever closed it. */
  closed(): void {
    this.#closed = true;
    if (this.#waitForFirst) clearTimeout(this.#waitForFirst);
    if (this.#retry) clearTimeout(this.#retry);
    this.#stream?.close();
  }

  /** Logged out, disabled, or the server stops. */
  end(code: keyof typeof CLOSE, reason: string): void {
    if (this.#closed) return;
    this.#wire?.close(CLOSE[code], reason);
    this.closed();
  }

  #exec(json: unknown): void {
    const start = ExecStart.safeParse(json);
    if (!start.success) {
      const issue = start.error.issues[0];
      const message = `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a command"}`;
      throw bad(message, "The first frame of exec says what to run.");
    }
    const { argv, tty, cols, rows, env, cwd } = start.data;
    if (this.#waitForFirst) clearTimeout(this.#waitForFirst);
    const size = clamped(cols ?? 80, rows ?? 24);
    void this.#start({
      kind: "exec",
      node: this.node,
      argv,
      tty: tty ?? false,
      env: env ?? {},
      cwd: cwd ?? "",
      ...size,
    });
  }

  async #start(request: StreamRequest): Promise<void> {
    this.#opening = true;
    try {
      const stream = await this.openStream(request);
      if (this.#closed) {
        stream.close();
        return;
      }
      this.#stream = stream;
      stream.onData((fd, data) => this.#output(fd, data));
      void stream.exited.then(
        (code) => this.#reply({ type: "exit", code }, "ended"),
        (e: unknown) => this.#fail(e),
      );
      for (const early of this.#early.splice(0))
        early instanceof Uint8Array ? this.#input(early) : this.#control(early);
    } catch (e) {
      this.#fail(e);
    }
  }

  #control(control: StreamControl): void {
    if (control.type === "eof") this.#stream?.end();
    else {
      const { cols, rows } = clamped(control.cols, control.rows);
      this.#stream?.resize(cols, rows);
    }
  }

  #input(data: Uint8Array): void {
    if (!this.#stream) {
      this.#early.push(data);
      this.#wire?.pause();
      if (this.#early.length > 1000) this.#fail(new DockletError("too_large", "Too much input before the start.", ""));
      return;
    }
    if (this.#stream.write(data)) {
      if (!this.#retry) this.#wire?.resume();
      return;
    }
    // It was taken, but there is more than the node can swallow: stop reading the socket for a moment.
    this.#wire?.pause();
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      if (!this.#closed) this.#wire?.resume();
    }, RETRY_MS);
  }

  #output(fd: 1 | 2, data: Uint8Array): void {
    const wire = this.#wire;
    if (this.#closed || !wire) return;
    if (this.what.kind === "terminal") wire.send(data);
    else {
      const framed = new Uint8Array(data.length + 1);
      framed[0] = fd;
      framed.set(data, 1);
      wire.send(framed);
    }
    const waiting = wire.getBufferedAmount();
    if (waiting > DROP_BYTES) this.end("tooSlow", "the reader is too slow");
    else if (waiting > PAUSE_BYTES && !this.#paused) {
      this.#paused = true;
      this.#stream?.pause?.();
    }
  }

  #fail(e: unknown): void {
    const error = asDocklet(e);
    if (error.code === "internal") this.log.error({ err: e, node: this.node }, "a terminal failed");
    this.#reply({ type: "error", message: error.message, hint: error.hint }, "failed");
  }

  #reply(reply: StreamReply, code: keyof typeof CLOSE): void {
    if (this.#closed) return;
    this.#wire?.send(JSON.stringify(reply));
    this.end(code, reply.type);
  }
}

const bad = (message: string, hint: string) => new DockletError("bad_request", message, hint);

/** Any two numbers as a terminal size; nonsense becomes the nearest sense. */
export function clamped(cols: number, rows: number): { cols: number; rows: number } {
  const { minCols, maxCols, minRows, maxRows } = TERMINAL_LIMITS;
  const between = (n: number, least: number, most: number) =>
    Number.isFinite(n) ? Math.min(most, Math.max(least, Math.floor(n))) : n > 0 ? most : least;
  return { cols: between(cols, minCols, maxCols), rows: between(rows, minRows, maxRows) };
}
