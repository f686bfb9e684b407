import type { Framing } from "./head-parser.ts";
import { malformed, type Refusal } from "./refusal.ts";

const CR = 0x0d;
const LF = 0x0a;
/** A chunk-size line with extensions, and a trailer section, may be this long. */
const LINE_MAX = 1024;
const TRAILER_MAX = 16 * 1024;
/** 13 hexadecimal digits stay below 2^53. */
const SIZE_DIGITS = 13;

/** The states of a chunked body. */
const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILER = 6;

/**
 * Follows one message body through the bytes that pass, without copying them. It says how far the body goes in
 * a piece, so that what follows it is never taken for a part of it; chunk framing is checked byte by byte, since
 * whoever reads it next must come to the same end.
 */
export class BodyFraming {
  done: boolean;
  /** After `consume`: up to here the piece can be passed on as it is. */
  rawEnd = 0;
  /** The trailer section of a chunked body, header lines with their CRLFs; null when it was empty and already passed. */
  trailers: string | null = null;
  #left: number;
  #state = SIZE;
  #digits = 0;
  #lineLength = 0;
  #section: number[] | null = null;

  static readonly #none = new BodyFraming({ kind: "none" }, malformed);

  /** The many messages without a body share one. */
  static of(framing: Framing, refuse: (why: string) => Refusal): BodyFraming {
    return framing.kind === "none" ? BodyFraming.#none : new BodyFraming(framing, refuse);
  }

  private constructor(
    readonly framing: Framing,
    readonly refuse: (why: string) => Refusal,
  ) {
    this.done = framing.kind === "none";
    this.#left = framing.kind === "length" ? framing.length : 0;
  }

  /** How many bytes of `piece` belong to the body. */
  consume(piece: Buffer): number {
    switch (this.framing.kind) {
      case "none":
        this.rawEnd = 0;
        return 0;
      case "close":
        this.rawEnd = piece.length;
        return piece.length;
      case "length": {
        const used = Math.min(this.#left, piece.length);
        this.#left -= used;
        this.done = this.#left === 0;
        this.rawEnd = used;
        return used;
      }
      case "chunked":
        return this.#chunked(piece);
    }
  }

  #chunked(piece: Buffer): number {
    let at = 0;
    while (at < piece.length) {
      if (this.#state === DATA) {
        const step = Math.min(this.#left, piece.length - at);
        this.#left -= step;
        at += step;
        if (this.#left === 0) this.#state = DATA_CR;
        continue;
      }
      if (this.#state === TRAILER) return this.#trailer(piece, at);
      this.#frameByte(piece[at++]!);
    }
    this.rawEnd = at;
    return at;
  }

  #frameByte(byte: number): void {
    switch (this.#state) {
      case SIZE: {
        const digit = hex(byte);
        if (digit >= 0) {
          if (++this.#digits > SIZE_DIGITS) throw this.refuse("A chunk size is too large.");
          this.#left = this.#left * 16 + digit;
          return;
        }
        if (this.#digits === 0) throw this.refuse("A chunk size is not a hexadecimal number.");
        if (byte === CR) this.#state = SIZE_LF;
        else if (byte === 0x3b) this.#state = EXTENSION;
        else throw this.refuse("A chunk size is not a hexadecimal number.");
        return;
      }
      case EXTENSION:
        if (byte === CR) this.#state = SIZE_LF;
        else if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f)
          throw this.refuse("A chunk extension has a control character.");
        else if (++this.#lineLength > LINE_MAX) throw this.refuse("A chunk extension is too long.");
        return;
      case SIZE_LF:
        if (byte !== LF) throw this.refuse("A chunk size line does not end in CRLF.");
        this.#state = this.#left === 0 ? TRAILER : DATA;
        this.#digits = 0;
        this.#lineLength = 0;
        return;
      case DATA_CR:
        if (byte !== CR) throw this.refuse("A chunk is longer than its size.");
        this.#state = DATA_LF;
        return;
      case DATA_LF:
        if (byte !== LF) throw this.refuse("A chunk does not end in CRLF.");
        this.#state = SIZE;
        return;
    }
  }

  /** Trailers are held back: they are headers, and go through the same policy. */
  #trailer(piece: Buffer, from: number): number {
    if (this.#section === null && piece[from] === CR && piece[from + 1] === LF) {
      this.done = true;
      this.rawEnd = from + 2;
      return this.rawEnd;
    }
    this.rawEnd = from;
    this.#section ??= [];
    const s = this.#section;
    for (let at = from; at < piece.length; at++) {
      s.push(piece[at]!);
      if (s.length > TRAILER_MAX) throw this.refuse("The trailer section is too long.");
      if (piece[at] !== LF) continue;
      if (s.at(-2) !== CR) throw this.refuse("A trailer line does not end in CRLF.");
      if (s.length === 2 || s.at(-3) === LF) {
        this.done = true;
        this.trailers = Buffer.from(s.slice(0, -2)).toString("latin1");
        return at + 1;
      }
    }
    return piece.length;
  }
}

function hex(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  if (byte >= 0x41 && byte <= 0x46) return byte - 0x37;
  if (byte >= 0x61 && byte <= 0x66) return byte - 0x57;
  return -1;
}
