import { PICTURE, PictureEnd, ReceivePictureOpen, SendPictureOpen } from "../../contracts/uplink.ts";
import type { PictureSink, PictureSource, WorkerApi } from "../../contracts/worker.ts";
import { cutMessages, encodeMessage, readMessages } from "../../lib/channel/messages.ts";
import type { ChannelStream } from "../../lib/channel/stream.ts";
import { messageOf } from "../../lib/errors.ts";
import { told } from "./node-streams.ts";

const encoder = new TextEncoder();
const json = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

/** Sends a picture on a stream that the master opened. Never rejects: what goes wrong is said on the stream. */
export async function servePictureSource(worker: WorkerApi, params: unknown, line: ChannelStream): Promise<void> {
  let source: PictureSource;
  try {
    source = await worker.sendPicture(SendPictureOpen.parse(params));
  } catch (e) {
    await refuse(line, e);
    return;
  }
  // The reader says nothing; that it has gone is seen here first.
  void gone(line).then(() => source.close());
  try {
    await line.write(encodeMessage(PICTURE.opened));
    for await (const chunk of source) for (const message of cutMessages(PICTURE.data, chunk)) await line.write(message);
    await line.write(encodeMessage(PICTURE.end, json(await source.finished)));
    line.end();
  } catch (e) {
    await refuse(line, e);
  } finally {
    source.close();
  }
}

/** Takes a picture from a stream that the master opened. */
export async function servePictureSink(worker: WorkerApi, params: unknown, line: ChannelStream): Promise<void> {
  let sink: PictureSink | null = null;
  try {
    sink = await worker.receivePicture(ReceivePictureOpen.parse(params));
    await line.write(encodeMessage(PICTURE.opened, json({ offset: sink.offset, whole: sink.whole })));
    for await (const { tag, payload } of readMessages(line)) {
      if (tag === PICTURE.data) await sink.write(payload);
      else if (tag === PICTURE.end) {
        await sink.finish(PictureEnd.parse(JSON.parse(new TextDecoder().decode(payload))));
        await line.write(encodeMessage(PICTURE.done));
        line.end();
        return;
      }
    }
    throw new Error("it ended without a word");
  } catch (e) {
    await refuse(line, e);
  } finally {
    sink?.close();
  }
}

async function refuse(line: ChannelStream, e: unknown): Promise<void> {
  try {
    await line.write(encodeMessage(PICTURE.failed, told(e)));
    line.end();
  } catch {
    // The connection is gone, and with it whoever would hear.
    line.reset(messageOf(e));
  }
}

async function gone(line: ChannelStream): Promise<void> {
  try {
    for await (const _ of line);
  } catch {
    // A reset and a lost connection mean the same.
  }
}
