/** Small messages on a byte stream: tag (1 byte), length (4, big-endian), payload. */
export interface Message {
  tag: number;
  payload: Uint8Array;
}

const HEAD = 5;
/** Longer payloads are cut by whoever sends them. */
export const MAX_MESSAGE = 64 * 1024;

export function encodeMessage(tag: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  if (payload.length > MAX_MESSAGE) throw new Error(`a message of ${payload.length} bytes`);
  const out = new Uint8Array(HEAD + payload.length);
  out[0] = tag;
  new DataView(out.buffer).setUint32(1, payload.length);
  out.set(payload, HEAD);
  return out;
}

/** Bytes of any length as messages of one tag. */
export function* cutMessages(tag: number, bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += MAX_MESSAGE) yield encodeMessage(tag, bytes.subarray(at, at + MAX_MESSAGE));
}

/** Whole messages out of bytes that come in any pieces. Throws when one is longer than it may be. */
export async function* readMessages(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Message> {
  let held = Buffer.alloc(0);
  for await (const piece of bytes) {
    held = held.length === 0 ? Buffer.from(piece) : Buffer.concat([held, piece]);
    while (held.length >= HEAD) {
      const length = held.readUInt32BE(1);
      if (length > MAX_MESSAGE) throw new Error(`a message of ${length} bytes`);
      if (held.length < HEAD + length) break;
      yield { tag: held[0]!, payload: held.subarray(HEAD, HEAD + length) };
      held = held.subarray(HEAD + length);
    }
  }
}
