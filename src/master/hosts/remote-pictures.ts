import { PICTURE, PictureEnd, SinkOpened, STREAM } from "../../contracts/uplink.ts";
import type { PictureSink, PictureSource, WorkerApi } from "../../contracts/worker.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { cutMessages, encodeMessage, type Message, readMessages } from "../../lib/channel/messages.ts";
import { DockletError, isDocklet, messageOf } from "../../lib/errors.ts";
import { failure } from "./remote-stream.ts";

const encoder = new TextEncoder();
const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** A picture on another host, read only as fast as it is taken here. */
export async function openPictureSource(
  channel: Channel,
  request: Parameters<WorkerApi["sendPicture"]>[0],
): Promise<PictureSource> {
  const line = channel.open(STREAM.sendPicture, request);
  const messages = readMessages(line);
  try {
    await opened(messages);
  } catch (e) {
    line.reset("nobody reads it");
    throw lost(e);
  }
  const end = Promise.withResolvers<PictureEndValue>();
  // Whoever reads to the end hears of a failure there.
  end.promise.catch(() => {});
  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      for await (const { tag, payload } of messages) {
        if (tag === PICTURE.data) yield payload;
        else if (tag === PICTURE.failed) throw failure(payload);
        else if (tag === PICTURE.end) {
          end.resolve(PictureEnd.parse(parse(payload)));
          line.end();
          return;
        }
      }
      throw new Error("it ended without a word");
    } catch (e) {
      end.reject(lost(e));
      throw lost(e);
    }
  }
  return {
    finished: end.promise,
    close: () => {
      end.reject(lost(new Error("it was closed")));
      line.reset("nobody reads it");
    },
    [Symbol.asyncIterator]: bytes,
  };
}
type PictureEndValue = { bytes: number; digest: string };

/** Room for a picture on another host. */
export async function openPictureSink(
  channel: Channel,
  request: Parameters<WorkerApi["receivePicture"]>[0],
): Promise<PictureSink> {
  const line = channel.open(STREAM.receivePicture, request);
  const messages = readMessages(line);
  let room: { offset: number; whole: boolean };
  try {
    room = SinkOpened.parse(parse(await opened(messages)));
  } catch (e) {
    line.reset("nobody writes it");
    throw lost(e);
  }
  // The host speaks once more: at the end, or before it when it can't go on.
  const answer = messages.next().then(({ value, done }) => {
    if (done) throw new Error("it ended without a word");
    if (value.tag === PICTURE.failed) throw failure(value.payload);
    if (value.tag !== PICTURE.done) throw new Error("it said something else");
  });
  answer.catch(() => {});
  const failed = new Promise<never>((_, reject) => answer.catch((e) => reject(lost(e))));
  failed.catch(() => {});
  const say = async (message: Uint8Array) => {
    try {
      await Promise.race([line.write(message), failed]);
    } catch (e) {
      throw lost(e);
    }
  };
  return {
    ...room,
    write: async (data) => {
      for (const message of cutMessages(PICTURE.data, data)) await say(message);
    },
    finish: async (end) => {
      await say(encodeMessage(PICTURE.end, encoder.encode(JSON.stringify(end))));
      await Promise.race([answer, failed]);
      line.end();
    },
    close: () => line.reset("nobody writes it"),
  };
}

async function opened(messages: AsyncGenerator<Message>): Promise<Uint8Array> {
  const { value, done } = await messages.next();
  if (done) throw new Error("it ended without a word");
  if (value.tag === PICTURE.failed) throw failure(value.payload);
  if (value.tag !== PICTURE.opened) throw new Error("it did not say that it is open");
  return value.payload;
}

function lost(e: unknown): DockletError {
  if (isDocklet(e)) return e;
  return new DockletError(
    "unavailable",
    `The connection to the host was lost: ${messageOf(e)}.`,
    "What has arrived is kept; it goes on when the host is back.",
  );
}
