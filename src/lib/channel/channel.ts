import { asDocklet, DockletError, type ErrorCode, STATUS } from "../errors.ts";
import { encodeFrame, FRAME, type Frame, FrameDecoder, type FrameType, MAX_PAYLOAD } from "./frame.ts";
import { ChannelStream } from "./stream.ts";

/** The connection below: whoever owns the socket. */
export interface Pipe {
  write(bytes: Uint8Array): void;
  close(): void;
}

export type Method = (params: unknown, signal: AbortSignal) => unknown;
export type StreamAcceptor = (params: unknown, stream: ChannelStream) => void;

/** What this side answers to. An unknown name is refused, never guessed. */
export interface Answers {
  methods?: Record<string, Method>;
  streams?: Record<string, StreamAcceptor>;
  /** Things that the other side tells without waiting for an answer. */
  notices?: Record<string, (body: unknown) => void>;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(e: Error): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const json = (value: unknown) => encoder.encode(JSON.stringify(value ?? null));
const parse = (bytes: Uint8Array): unknown => JSON.parse(decoder.decode(bytes));

/** The other side would take a larger frame for a broken protocol and close: better only this one message fails. */
function sized(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= MAX_PAYLOAD) return bytes;
  throw new DockletError(
    "too_large",
    `A message of ${bytes.length} bytes is too large for the connection between two hosts.`,
    `At most ${MAX_PAYLOAD} bytes go into one.`,
  );
}

/**
 * Calls, notices and byte streams of both sides over one connection. The connection's owner feeds it with `receive`
 * and tells it of the end with `close`. Errors cross it as DockletErrors, with code, message and hint.
 */
export class Channel {
  readonly #decoder = new FrameDecoder();
  readonly #calls = new Map<number, Waiting>();
  readonly #answering = new Map<number, AbortController>();
  readonly #streams = new Map<string, ChannelStream>();
  #next = 1;
  #closed: DockletError | null = null;
  #heard = 0;
  readonly closed: Promise<DockletError>;
  #tellClosed!: (e: DockletError) => void;

  constructor(
    private readonly pipe: Pipe,
    private readonly answers: Answers,
  ) {
    this.closed = new Promise((r) => {
      this.#tellClosed = r;
    });
  }

  /** Grows with whatever comes in: whoever watches the connection sees by it that the other side lives. */
  get heard(): number {
    return this.#heard;
  }

  /** Largest payload that is taken: little from those who have not said who they are. */
  set payloadLimit(bytes: number) {
    this.#decoder.limit = bytes;
  }

  call(method: string, params: unknown, signal?: AbortSignal): Promise<unknown> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const message = sized(json({ method, params }));
      const leave = () => {
        this.#send(FRAME.cancel, id);
        this.#calls.delete(id);
        reject(signal!.reason);
      };
      signal?.addEventListener("abort", leave, { once: true });
      const done = () => signal?.removeEventListener("abort", leave);
      this.#calls.set(id, {
        resolve: (v) => {
          done();
          resolve(v);
        },
        reject: (e) => {
          done();
          reject(e);
        },
      });
      this.#send(FRAME.call, id, message);
    });
  }

  notify(topic: string, body: unknown): void {
    if (!this.#closed) this.#send(FRAME.notice, 0, sized(json({ topic, body })));
  }

  open(kind: string, params: unknown): ChannelStream {
    if (this.#closed) throw this.#closed;
    const id = this.#next++;
    const stream = this.#stream(`a${id}`, id, 0);
    this.#send(FRAME.open, id, json({ kind, params }));
    return stream;
  }

  ping(): void {
    if (!this.#closed) this.#send(FRAME.ping, 0);
  }

  /** Bytes from the connection. A peer that does not keep to the protocol is closed, with the reason. */
  receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#heard++;
    try {
      for (const frame of this.#decoder.push(bytes)) {
        this.#take(frame);
        if (this.#closed) return;
      }
    } catch (e) {
      this.close(`the other side broke the protocol: ${(e as Error).message}`);
    }
  }

  /** Ends everything that is under way with `unavailable`. */
  close(reason: string): void {
    if (this.#closed) return;
    const e = new DockletError(
      "unavailable",
      `The connection was lost: ${reason}.`,
      "It is made again by itself; try again in a moment.",
    );
    this.#closed = e;
    for (const w of this.#calls.values()) w.reject(e);
    this.#calls.clear();
    for (const a of this.#answering.values()) a.abort(e);
    for (const s of [...this.#streams.values()]) s.break(e);
    this.pipe.close();
    this.#tellClosed(e);
  }

  #send(type: FrameType, id: number, payload?: Uint8Array): void {
    this.pipe.write(encodeFrame(type, id, payload));
  }

  /** Ids are counted on each side; the highest bit says whose id it is in frames of a stream. */
  #stream(key: string, id: number, whose: number): ChannelStream {
    const wire = (id | whose) >>> 0;
    const credit = (n: number) => {
      const b = new Uint8Array(4);
      new DataView(b.buffer).setUint32(0, n);
      return b;
    };
    const stream = new ChannelStream(
      {
        data: (bytes) => this.#closed ?? this.#send(FRAME.data, wire, bytes),
        end: () => this.#closed ?? this.#send(FRAME.end, wire),
        reset: (reason) => this.#closed ?? this.#send(FRAME.reset, wire, json(reason)),
        credit: (n) => this.#closed ?? this.#send(FRAME.credit, wire, credit(n)),
      },
      () => this.#streams.delete(key),
    );
    this.#streams.set(key, stream);
    return stream;
  }

  #take(f: Frame): void {
    switch (f.type) {
      case FRAME.call:
        void this.#answer(f.id, parse(f.payload) as { method: string; params: unknown });
        return;
      case FRAME.result:
      case FRAME.fail: {
        const waiting = this.#calls.get(f.id);
        this.#calls.delete(f.id);
        if (f.type === FRAME.result) waiting?.resolve(parse(f.payload));
        else waiting?.reject(toError(parse(f.payload)));
        return;
      }
      case FRAME.cancel:
        this.#answering.get(f.id)?.abort(new DockletError("cancelled", "The caller has gone."));
        return;
      case FRAME.notice: {
        const { topic, body } = parse(f.payload) as { topic: string; body: unknown };
        own(this.answers.notices, topic)?.(body);
        return;
      }
      case FRAME.open:
        this.#accept(f.id, parse(f.payload) as { kind: string; params: unknown });
        return;
      case FRAME.ping:
        this.#send(FRAME.pong, 0);
        return;
      case FRAME.pong:
        return;
      default:
        this.#takeStream(f);
    }
  }

  #takeStream(f: Frame): void {
    // The sender marks streams that we opened; those without the mark are its own.
    const key = f.id & THEIRS ? `a${f.id & ~THEIRS}` : `b${f.id}`;
    const stream = this.#streams.get(key);
    // A frame for a stream that has ended meanwhile: both sides may end it at the same time.
    if (!stream) return;
    if (f.type === FRAME.data) stream.take(f.payload);
    else if (f.type === FRAME.end) stream.takeEnd();
    else if (f.type === FRAME.credit)
      stream.takeCredit(new DataView(f.payload.buffer, f.payload.byteOffset).getUint32(0));
    else stream.break(new Error(String(parse(f.payload))));
  }

  #accept(id: number, { kind, params }: { kind: string; params: unknown }): void {
    const stream = this.#stream(`b${id}`, id, THEIRS);
    const acceptor = own(this.answers.streams, kind);
    if (!acceptor) {
      stream.reset(`no stream is called ${kind}`);
      return;
    }
    try {
      acceptor(params, stream);
    } catch (e) {
      stream.reset(asDocklet(e).message);
    }
  }

  async #answer(id: number, { method, params }: { method: string; params: unknown }): Promise<void> {
    const abort = new AbortController();
    this.#answering.set(id, abort);
    try {
      const handler = own(this.answers.methods, method);
      if (!handler)
        throw new DockletError(
          "not_found",
          `The other side has no method ${String(method).slice(0, 60)}.`,
          "One of the two is too old; upgrade it.",
        );
      const result = await handler(params, abort.signal);
      const message = sized(json(result));
      if (!this.#closed) this.#send(FRAME.result, id, message);
    } catch (e) {
      const { code, message, hint, details } = asDocklet(e);
      if (!this.#closed) this.#send(FRAME.fail, id, json({ code, message, hint, details }));
    } finally {
      this.#answering.delete(id);
    }
  }
}

const THEIRS = 0x80000000;

function own<T>(record: Record<string, T> | undefined, key: string): T | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}

function toError(value: unknown): DockletError {
  const { code, message, hint, details } = value as {
    code: string;
    message: string;
    hint: string;
    details?: Record<string, unknown>;
  };
  return new DockletError(code in STATUS ? (code as ErrorCode) : "internal", String(message), String(hint), details);
}
