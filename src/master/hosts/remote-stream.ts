import { DOWN, Exit, Opened, STREAM, UP } from "../../contracts/uplink.ts";
import type { NodeStream, StreamRequest } from "../../contracts/worker.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { cutMessages, encodeMessage, type Message, readMessages } from "../../lib/channel/messages.ts";
import { Outbox } from "../../lib/channel/outbox.ts";
import { DockletError, type ErrorCode, isDocklet, messageOf, STATUS } from "../../lib/errors.ts";

const encoder = new TextEncoder();
const json = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));
const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** A process inside a node of another host. Rejects with the host's own words when it can't be had. */
export async function openRemoteStream(channel: Channel, request: StreamRequest): Promise<NodeStream> {
  const line = channel.open(STREAM.node, request);
  const messages = readMessages(line)[Symbol.asyncIterator]();
  try {
    const first = (await messages.next()).value as Message | undefined;
    if (first?.tag === UP.failed) throw failure(first.payload);
    if (first?.tag !== UP.opened) throw new Error("it did not say that it is open");
    const { pausable } = Opened.parse(parse(first.payload));
    return connect(new Outbox(line), messages, pausable);
  } catch (e) {
    line.reset("nobody reads it");
    throw isDocklet(e) ? e : lost(e);
  }
}

function connect(out: Outbox, messages: AsyncIterator<Message>, pausable: boolean): NodeStream {
  const listeners: ((fd: 1 | 2, data: Uint8Array) => void)[] = [];
  const exited = Promise.withResolvers<number>();
  // Who only wants the output need not look at how it ended.
  exited.promise.catch(() => {});
  let gate = Promise.withResolvers<void>();
  let closed = false;
  const pump = async (): Promise<void> => {
    for (;;) {
      await gate.promise;
      const { value, done } = await messages.next();
      if (done) throw new Error("it ended without a word");
      const { tag, payload } = value;
      if (tag === UP.out || tag === UP.err) {
        if (!closed) for (const l of listeners) l(tag === UP.out ? 1 : 2, payload);
      } else if (tag === UP.exit) {
        exited.resolve(Exit.parse(parse(payload)).code);
        out.end();
        return;
      } else if (tag === UP.failed) throw failure(payload);
    }
  };
  void pump().catch((e: unknown) => {
    out.stream.reset(messageOf(e));
    exited.reject(isDocklet(e) ? e : lost(e));
  });
  const pausing = {
    pause: () => {
      if (closed) return;
      gate.resolve();
      gate = Promise.withResolvers<void>();
    },
    resume: () => gate.resolve(),
  };
  return {
    write: (data) => {
      let roomy = true;
      for (const message of cutMessages(DOWN.input, data)) roomy = out.send(message);
      return roomy;
    },
    end: () => void out.send(encodeMessage(DOWN.eof)),
    resize: (cols, rows) => void out.send(encodeMessage(DOWN.resize, json({ cols, rows }))),
    close: () => {
      closed = true;
      // What it still says is read and dropped, so that its end is heard.
      gate.resolve();
      out.send(encodeMessage(DOWN.close));
    },
    onData: (listener) => {
      listeners.push(listener);
      if (listeners.length === 1) gate.resolve();
    },
    ...(pausable ? pausing : {}),
    exited: exited.promise,
  };
}

/** What the host said about why not. */
export function failure(payload: Uint8Array): DockletError {
  const { code, message, hint } = parse(payload) as { code: string; message: string; hint: string };
  return new DockletError(code in STATUS ? (code as ErrorCode) : "internal", String(message), String(hint));
}

const lost = (e: unknown): DockletError =>
  new DockletError(
    "unavailable",
    `The connection to the node was lost: ${messageOf(e)}.`,
    "Try again; a terminal goes on where it was.",
  );
