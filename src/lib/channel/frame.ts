/**
 * Frames on a byte stream: length (4 bytes, of what follows), type (1), id (4), payload. All numbers big-endian.
 * A peer that breaks this is not talked to any further.
 */
export const FRAME = {
  call: 1,
  result: 2,
  fail: 3,
  cancel: 4,
  notice: 5,
  open: 6,
  data: 7,
  end: 8,
  reset: 9,
  credit: 10,
  ping: 11,
  pong: 12,
} as const;
export type FrameType = (typeof FRAME)[keyof typeof FRAME];

export interface Frame {
  type: FrameType;
  id: number;
  payload: Uint8Array;
}

const HEAD = 9;
/** Largest payload in bytes: room for an order of 128 nodes, far below what would hurt. */
export const MAX_PAYLOAD = 4 * 1024 * 1024;

export function encodeFrame(type: FrameType, id: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const out = new Uint8Array(HEAD + payload.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, HEAD - 4 + payload.length);
  view.setUint8(4, type);
  view.setUint32(5, id);
  out.set(payload, HEAD);
  return out;
}

/** Takes bytes as they come and gives whole frames. Throws on a length or type that cannot be. */
export class FrameDecoder {
  #held: Uint8Array = new Uint8Array(0);
  /** Largest payload that is taken. */
  limit = MAX_PAYLOAD;

  *push(bytes: Uint8Array): Generator<Frame> {
    let rest = this.#held.length === 0 ? bytes : join(this.#held, bytes);
    while (rest.length >= HEAD) {
      const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
      const length = view.getUint32(0);
      const type = view.getUint8(4);
      if (length < HEAD - 4 || length > this.limit + HEAD - 4) throw new Error(`a frame of ${length} bytes`);
      if (type < FRAME.call || type > FRAME.pong) throw new Error(`a frame of type ${type}`);
      if (rest.length < length + 4) break;
      yield { type: type as FrameType, id: view.getUint32(5), payload: rest.slice(HEAD, length + 4) };
      rest = rest.subarray(length + 4);
    }
    this.#held = rest.slice();
  }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
