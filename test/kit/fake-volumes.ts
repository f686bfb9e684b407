import { createHash } from "node:crypto";
import type { Picture, PictureSink, PictureSource, Volume, WorkerApi } from "../../src/contracts/worker.ts";
import { DockletError } from "../../src/lib/errors.ts";

/** What the disk of a fake node holds. */
export interface FakeDisk {
  image: string;
  /** Topmost first. */
  layers: string[];
  content: string;
}

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const keyOf = (v: Volume) => `${v.kind} ${v.id}`;
const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const missing = (what: string) => new DockletError("not_found", `There is no ${what} here.`);

/** Id of the only layer of a fake image; every fake host makes the same one of the same build. */
export const fakeLayer = (image: string, build = 1): string =>
  `${image}@${createHash("sha256").update(`${image} ${build}`).digest("hex").slice(0, 16)}`;

/**
 * The pool of a fake host: layers, disks and homes are texts. A picture travels as `whole TEXT` or `since NAME TEXT`,
 * where the text is what was appended since the picture NAME.
 */
export class FakeVolumes {
  readonly layers = new Map<string, string>();
  readonly disks = new Map<string, FakeDisk>();
  readonly homes = new Map<string, string>();
  /** Disks that wait for the order that names their node. */
  readonly waiting = new Set<string>();
  /** Whole pictures: volume → name → text. */
  readonly pictures = new Map<string, Map<string, string>>();
  /** What has arrived of pictures that are not whole yet. */
  readonly parts = new Map<string, Uint8Array>();
  /** Bytes that went out and came in, over all transfers. */
  sent = 0;
  received = 0;
  readonly misbehave: {
    /** Size of the pieces that are sent; default 64 KiB. */
    piece: number;
    /** Called before each piece goes out: wait to be slow, throw to fail. */
    sending: (picture: Picture, at: number) => void | Promise<void>;
    /** Called with each piece that comes in. May change it, as a bad disk does. */
    taking: (picture: Picture, data: Uint8Array) => Uint8Array | Promise<Uint8Array>;
    /** Called before a picture becomes its volume. */
    adopting: (picture: Picture) => void | Promise<void>;
  } = { piece: 65_536, sending: () => {}, taking: (_p, data) => data, adopting: () => {} };
  /** A layer came: the host tells which images it has now. */
  layerCame: (id: string) => void = () => {};

  layersOf(node: string): string[] | null {
    return this.disks.get(node)?.layers ?? null;
  }

  /** An order names a node: its disk is the one that came here, or a fresh one. */
  named(node: string, fresh: () => FakeDisk): void {
    this.waiting.delete(node);
    if (!this.disks.has(node)) this.disks.set(node, fresh());
  }

  /** When the newest build of an image that lies here was made; null: there is none. */
  newestOf(image: string): number | null {
    const here = [...this.layers].filter(([id]) => id.startsWith(`${image}@`));
    const times = here.map(([, text]) => (JSON.parse(text) as { builtAt: number }).builtAt);
    return times.length === 0 ? null : Math.max(...times);
  }

  gone(node: string): void {
    this.disks.delete(node);
    this.drop({ kind: "disk", id: node });
  }

  take({ picture, parent }: { picture: Picture; parent: string | null }): { bytes: number } {
    const all = this.#all(picture.volume);
    if (picture.volume.kind === "layer" || !all.has(picture.name)) all.set(picture.name, this.#text(picture.volume));
    return { bytes: this.#stream(picture, parent).length };
  }

  async send(r: Parameters<WorkerApi["sendPicture"]>[0]): Promise<PictureSource> {
    const bytes = this.#stream(r.picture, r.parent);
    const end = { bytes: bytes.length, digest: sha(bytes) };
    const { misbehave } = this;
    const count = (n: number) => {
      this.sent += n;
    };
    let closed = false;
    async function* pieces() {
      for (let at = r.offset; at < bytes.length; at += misbehave.piece) {
        await misbehave.sending(r.picture, at);
        if (closed) throw new DockletError("unavailable", "It was closed.");
        const piece = bytes.subarray(at, at + misbehave.piece);
        count(piece.length);
        yield piece;
      }
    }
    return {
      finished: Promise.resolve(end),
      close: () => {
        closed = true;
      },
      [Symbol.asyncIterator]: pieces,
    };
  }

  async receive({ picture, parent }: { picture: Picture; parent: string | null }): Promise<PictureSink> {
    const all = this.#all(picture.volume);
    const here = picture.volume.kind === "layer" ? this.layers.has(picture.volume.id) : all.has(picture.name);
    if (parent !== null && !all.has(parent)) throw missing(`picture ${parent} of ${keyOf(picture.volume)}`);
    const key = `${keyOf(picture.volume)} ${picture.name} ${parent}`;
    const offset = this.parts.get(key)?.length ?? 0;
    return {
      whole: here,
      offset,
      write: async (data) => {
        const taken = await this.misbehave.taking(picture, data);
        this.received += taken.length;
        this.parts.set(key, Buffer.concat([this.parts.get(key) ?? new Uint8Array(0), taken]));
      },
      finish: async (end) => {
        const bytes = this.parts.get(key) ?? new Uint8Array(0);
        this.parts.delete(key);
        if (bytes.length !== end.bytes || sha(bytes) !== end.digest)
          throw new DockletError("conflict", "What arrived is damaged.", "It is sent again.");
        const [head, ...rest] = decode(bytes).split("\n");
        const before = head === "whole" ? "" : all.get(head!.slice("since ".length))!;
        all.set(picture.name, before + rest.join("\n"));
      },
      close: () => {},
    };
  }

  async adopt(picture: Picture): Promise<void> {
    await this.misbehave.adopting(picture);
    const { kind, id } = picture.volume;
    if (kind === "layer" && this.layers.has(id)) return;
    const text = this.#all(picture.volume).get(picture.name);
    if (text === undefined) throw missing(`picture ${picture.name} of ${kind} ${id}`);
    if (kind === "layer") {
      this.layers.set(id, text);
      this.layerCame(id);
    } else if (kind === "home") {
      if (this.homes.has(id) && this.homes.get(id) !== text)
        throw new DockletError("conflict", "This host has a folder of this person already.");
      this.homes.set(id, text);
    } else {
      if (this.waiting.has(id)) return;
      if (this.disks.has(id)) throw new DockletError("conflict", "This host has a disk of this node already.");
      const disk = JSON.parse(text.slice(0, text.indexOf("\n"))) as Omit<FakeDisk, "content">;
      const lacking = disk.layers.filter((l) => !this.layers.has(l));
      if (lacking.length > 0) throw new DockletError("conflict", `The layers ${lacking} are not here.`);
      this.disks.set(id, { ...disk, content: text.slice(text.indexOf("\n") + 1) });
      this.waiting.add(id);
    }
  }

  drop(volume: Volume): void {
    this.pictures.delete(keyOf(volume));
    for (const key of [...this.parts.keys()]) if (key.startsWith(`${keyOf(volume)} `)) this.parts.delete(key);
    if (volume.kind === "disk" && this.waiting.delete(volume.id)) this.disks.delete(volume.id);
  }

  #all(volume: Volume): Map<string, string> {
    const key = keyOf(volume);
    const all = this.pictures.get(key) ?? new Map<string, string>();
    this.pictures.set(key, all);
    return all;
  }

  #text({ kind, id }: Volume): string {
    const disk = this.disks.get(id);
    const text =
      kind === "layer"
        ? this.layers.get(id)
        : kind === "home"
          ? this.homes.get(id)
          : disk && `${JSON.stringify({ image: disk.image, layers: disk.layers })}\n${disk.content}`;
    if (text === undefined) throw missing(`${kind} ${id}`);
    return text;
  }

  #stream(picture: Picture, parent: string | null): Uint8Array {
    const all = this.#all(picture.volume);
    const text = picture.volume.kind === "layer" ? this.#text(picture.volume) : all.get(picture.name);
    if (text === undefined) throw missing(`picture ${picture.name}`);
    const before = parent === null ? undefined : all.get(parent);
    if (parent !== null && before === undefined) throw missing(`picture ${parent}`);
    if (before !== undefined && text.startsWith(before)) return encode(`since ${parent}\n${text.slice(before.length)}`);
    return encode(`whole\n${text}`);
  }
}
