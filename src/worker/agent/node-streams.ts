import { DOWN, NodeStreamOpen, Resize, UP } from "../../contracts/uplink.ts";
import type { NodeStream, WorkerApi } from "../../contracts/worker.ts";
import { cutMessages, encodeMessage, readMessages } from "../../lib/channel/messages.ts";
import { Outbox } from "../../lib/channel/outbox.ts";
import type { ChannelStream } from "../../lib/channel/stream.ts";
import { asDocklet, messageOf } from "../../lib/errors.ts";
import { sleep } from "../../lib/retry.ts";

/** A terminal can't be stopped: a reader that is behind by so much loses its connection, and not the data its sense. */
const DROP_BYTES = 8 * 1024 * 1024;
/** Pause after the process did not take everything at once. */
const FULL_MS = 20;

const encoder = new TextEncoder();
const json = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

/** A terminal or a command in a node, for the master that asks for it on a stream. */
export async function serveNodeStream(worker: WorkerApi, params: unknown, line: ChannelStream): Promise<void> {
  const out = new Outbox(line);
  let node: NodeStream;
  try {
    node = await worker.openStream(NodeStreamOpen.parse(params));
  } catch (e) {
    out.send(encodeMessage(UP.failed, told(e)));
    out.end();
    return;
  }
  out.send(encodeMessage(UP.opened, json({ pausable: node.pause !== undefined })));
  let paused = false;
  out.drained = () => {
    if (!paused) return;
    paused = false;
    node.resume?.();
  };
  node.onData((fd, data) => {
    let roomy = true;
    for (const message of cutMessages(fd === 1 ? UP.out : UP.err, data.slice())) roomy = out.send(message);
    if (roomy) return;
    if (node.pause) {
      paused = true;
      node.pause();
    } else if (out.queued > DROP_BYTES) {
      line.reset("the reader is too slow");
      node.close();
    }
  });
  void node.exited
    .then(
      (code) => out.send(encodeMessage(UP.exit, json({ code }))),
      (e: unknown) => out.send(encodeMessage(UP.failed, told(e))),
    )
    .then(() => out.end());
  try {
    for await (const { tag, payload } of readMessages(line)) await take(node, tag, payload);
    // The end without `close` comes behind the exit code: nobody is there any more either way.
  } catch (e) {
    // The connection or the stream broke: a command ends with it, a terminal is only left.
    line.reset(messageOf(e));
  }
  node.close();
}

async function take(node: NodeStream, tag: number, payload: Uint8Array): Promise<void> {
  if (tag === DOWN.input) {
    if (!node.write(payload)) await sleep(FULL_MS);
  } else if (tag === DOWN.eof) node.end();
  else if (tag === DOWN.close) node.close();
  else if (tag === DOWN.resize) {
    const { cols, rows } = Resize.parse(JSON.parse(new TextDecoder().decode(payload)));
    node.resize(cols, rows);
  }
}

/** An error as it crosses the connection. */
export function told(e: unknown): Uint8Array {
  const { code, message, hint } = asDocklet(e);
  return json({ code, message, hint });
}
