import { createHash, type Hash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Picture, PictureSink } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";
import { type About, decodeAbout, isAbout, MAX_ABOUT, PREFIX } from "./about.ts";

/** Looks for free space so often. */
const LOOK_BYTES = 32 * 1_048_576;
const READ_BYTES = 1_048_576;

export interface Arrived {
  path: string;
  about: About;
  /** Where the bytes of the subvolume begin. */
  offset: number;
}

/** Bytes of a picture on their way into a file, which is gone on with after a break. */
export class Incoming implements PictureSink {
  readonly whole = false;
  #at: number;
  #looked: number;
  #closed = false;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly path: string,
    readonly offset: number,
    private readonly file: FileHandle,
    private readonly hash: Hash,
    private readonly parts: {
      /** Why nothing more should come; null: go on. */
      full: () => string | null;
      /** Makes the picture of what has arrived. Not called again once it has been called. */
      made: (arrived: Arrived) => Promise<void>;
      /** It is not written to any more. */
      left: () => void;
      expected: { picture: Picture; parent: string | null };
    },
  ) {
    this.#at = offset;
    this.#looked = offset;
  }

  /** Goes on with what is there already, unless that is something else. */
  static async open(path: string, parts: Incoming["parts"]): Promise<Incoming> {
    const { picture, parent } = parts.expected;
    const full = parts.full();
    if (full !== null) throw noRoom(full);
    if (existsSync(path)) {
      const { head, hash, size } = await readBack(path);
      const found = decodeAbout(head);
      if (found && isAbout(found.about, picture, parent))
        return new Incoming(path, size, await open(path, "a", 0o600), hash, parts);
      rmSync(path);
    }
    return new Incoming(path, 0, await open(path, "a", 0o600), createHash("sha256"), parts);
  }

  async write(data: Uint8Array): Promise<void> {
    this.#needOpen();
    if (this.#at - this.#looked >= LOOK_BYTES) {
      this.#looked = this.#at;
      const full = this.parts.full();
      if (full !== null) throw noRoom(full);
    }
    const all = async () => {
      for (let done = 0; done < data.length; ) done += (await this.file.write(data, done)).bytesWritten;
    };
    const writing = all();
    this.#writing = writing.catch(() => {});
    await writing;
    this.hash.update(data);
    this.#at += data.length;
  }

  async finish(end: { bytes: number; digest: string }): Promise<void> {
    this.#needOpen();
    await this.shut();
    const damaged = this.#at !== end.bytes || this.hash.digest("hex") !== end.digest;
    const found = damaged ? null : decodeAbout((await readBack(this.path, MAX_ABOUT + PREFIX)).head);
    const { picture, parent } = this.parts.expected;
    if (!found || !isAbout(found.about, picture, parent)) {
      rmSync(this.path, { force: true });
      throw new DockletError(
        "conflict",
        `What arrived of ${picture.volume.kind} ${picture.volume.id} is not what was sent.`,
        "It is sent again. When this repeats itself, check the disks and the memory of both hosts.",
      );
    }
    await this.parts.made({ path: this.path, about: found.about, offset: found.bytes });
  }

  close(): void {
    void this.shut();
  }

  /** Resolves when nothing is written to the file any more. */
  async shut(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.parts.left();
    await this.#writing;
    await this.file.close();
  }

  #needOpen(): void {
    if (!this.#closed) return;
    throw new DockletError("unavailable", "The picture is being received by somebody else.", "Ask for it again.");
  }
}

function noRoom(why: string): DockletError {
  return new DockletError("disk_full", `Nothing more can be taken: ${why}.`, "Free some space on that host.");
}

/** Hash of what is there, and its beginning. `only`: read no more than so many bytes, for the beginning alone. */
async function readBack(path: string, only?: number): Promise<{ head: Uint8Array; hash: Hash; size: number }> {
  const hash = createHash("sha256");
  const head: Uint8Array[] = [];
  let wanted = PREFIX;
  let kept = 0;
  let size = 0;
  const file = await open(path, "r");
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES);
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      hash.update(piece);
      if (size === 0 && bytesRead >= PREFIX) wanted = PREFIX + Math.min(MAX_ABOUT, piece.readUInt32BE(0));
      if (kept < wanted) {
        head.push(piece);
        kept += bytesRead;
      }
      size += bytesRead;
      if (only !== undefined && (size >= only || kept >= wanted)) break;
    }
  } finally {
    await file.close();
  }
  return { head: Buffer.concat(head), hash, size };
}
