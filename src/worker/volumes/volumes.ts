import { existsSync, rmSync } from "node:fs";
import type { Picture, PictureSink, PictureSource, Volume, WorkerApi } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { KeyedMutex } from "../../lib/mutex.ts";
import { snapshot } from "../../os/btrfs.ts";
import {
  changedBytes,
  isReadonly,
  isSnapshotOf,
  receiveSubvolume,
  referencedBytes,
  sendSubvolume,
} from "../../os/subvolume-stream.ts";
import { type About, encodeAbout } from "./about.ts";
import type { Estate } from "./estate.ts";
import { type Arrived, Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";
import { KEPT_MS, Shelf } from "./shelf.ts";

const keyOf = (v: Volume) => `${v.kind}-${v.id}`;

/** Pictures of what lies in this host's pool: taken, sent, received and made the thing itself. */
export class Volumes {
  readonly shelf: Shelf;
  readonly #mutex = new KeyedMutex<string>();
  readonly #sending = new Map<string, Set<Outgoing>>();
  readonly #taking = new Map<string, Map<string, Incoming>>();
  /** Aborted when a volume's pictures are dropped: what is being made of them ends. */
  readonly #aborts = new Map<string, AbortController>();

  constructor(
    private readonly parts: {
      pool: string;
      estate: Estate;
      now: () => number;
      /** Why nothing more should come to this host; null: there is room. */
      full: () => string | null;
      log: Logger;
    },
  ) {
    this.shelf = new Shelf(parts.pool);
  }

  /** Before anything else is asked of it. */
  async sweep(): Promise<void> {
    for (const path of await this.shelf.sweep()) this.parts.log.info({ path }, "deleted half a picture");
    await this.tidy();
  }

  /** Clears away what nobody has used for a day. A disk that waits for its node is never among it. */
  async tidy(): Promise<void> {
    for (const volume of this.shelf.volumes()) {
      const busy = this.#sending.get(keyOf(volume))?.size || this.#taking.get(keyOf(volume))?.size;
      if (busy || this.#mutex.busy(keyOf(volume)) || this.shelf.hasWaiting(volume)) continue;
      if (this.parts.now() - this.shelf.usedAt(volume) < KEPT_MS) continue;
      this.parts.log.info({ volume }, "pictures that nobody has used for a day are deleted");
      await this.drop(volume);
    }
  }

  take({ picture, parent }: Parameters<WorkerApi["takePicture"]>[0]): Promise<{ bytes: number }> {
    const { volume } = picture;
    return this.#alone(volume, async () => {
      const source = this.parts.estate.pathOf(volume);
      this.shelf.open(volume, this.parts.now());
      if (volume.kind === "layer") return { bytes: this.parts.estate.sizeOf(volume.id) };
      const path = this.shelf.subvolume(picture);
      if (!this.shelf.about(picture)) {
        await this.shelf.drop(path);
        const about: About = { version: 1, picture, parent: null, of: this.parts.estate.factsOf(volume) };
        await snapshot(source, path, { readonly: true });
        this.shelf.write(path, about);
      }
      if (parent === null) return { bytes: await referencedBytes(path) };
      return { bytes: await changedBytes(path, this.#whole({ volume, name: parent })) };
    });
  }

  send({ picture, parent, offset }: Parameters<WorkerApi["sendPicture"]>[0]): Promise<PictureSource> {
    const { volume } = picture;
    return this.#alone(volume, async () => {
      const path = volume.kind === "layer" ? this.parts.estate.pathOf(volume) : this.#whole(picture);
      const of = this.shelf.about(picture)?.of ?? this.parts.estate.factsOf(volume);
      const before = parent === null ? null : this.#whole({ volume, name: parent });
      this.shelf.open(volume, this.parts.now());
      const head = encodeAbout({ version: 1, picture, parent, of });
      const out = new Outgoing(head, sendSubvolume(path, before), offset);
      const all = this.#sending.get(keyOf(volume)) ?? new Set();
      this.#sending.set(keyOf(volume), all.add(out));
      void out.ended.then(() => {
        all.delete(out);
        if (all.size === 0 && this.#sending.get(keyOf(volume)) === all) this.#sending.delete(keyOf(volume));
      });
      return out;
    });
  }

  receive({ picture, parent }: Parameters<WorkerApi["receivePicture"]>[0]): Promise<PictureSink> {
    const { volume } = picture;
    return this.#alone(volume, async () => {
      if (this.shelf.about(picture) || (volume.kind === "layer" && this.parts.estate.hasLayer(volume.id)))
        return wholeSink();
      if (parent !== null) this.#whole({ volume, name: parent });
      this.shelf.open(volume, this.parts.now());
      const path = this.shelf.part(picture);
      const taking = this.#taking.get(keyOf(volume)) ?? new Map<string, Incoming>();
      this.#taking.set(keyOf(volume), taking);
      // The connection that it came over is dead, and nobody has noticed yet.
      await taking.get(path)?.shut();
      const sink: Incoming = await Incoming.open(path, {
        expected: { picture, parent },
        full: this.parts.full,
        left: () => {
          if (taking.get(path) === sink) taking.delete(path);
        },
        made: (arrived) => this.#alone(volume, () => this.#make(picture, arrived)),
      });
      taking.set(path, sink);
      return sink;
    });
  }

  /** Makes what was received the thing itself. */
  adopt(picture: Picture): Promise<void> {
    const { volume } = picture;
    const { estate } = this.parts;
    return this.#alone(volume, async () => {
      if (volume.kind === "layer" && estate.hasLayer(volume.id)) return;
      const path = this.#whole(picture);
      const about = this.shelf.about(picture)!;
      this.shelf.open(volume, this.parts.now());
      if (about.of.kind === "layer") {
        await estate.adoptLayer(path, about.of.manifest);
        // It is the layer now; the folder stays for a while, and with it the layer, before anybody stands on it.
        await this.shelf.drop(path);
      } else if (about.of.kind === "home") {
        await estate.adoptHome(path, volume.id);
      } else await this.#adoptDisk(path, volume.id, about);
    });
  }

  async drop(volume: Volume): Promise<void> {
    this.#aborts.get(keyOf(volume))?.abort(new DockletError("cancelled", "The picture was dropped."));
    await this.release(volume);
    await Promise.all([...(this.#taking.get(keyOf(volume))?.values() ?? [])].map((sink) => sink.shut()));
    this.#taking.delete(keyOf(volume));
    await this.#alone(volume, () => this.shelf.clear(volume));
  }

  /** Nobody reads it any more: a subvolume that is being sent can't be deleted. */
  async release(volume: Volume): Promise<void> {
    const sending = [...(this.#sending.get(keyOf(volume)) ?? [])];
    for (const out of sending) out.close();
    await Promise.all(sending.map((out) => out.ended));
  }

  /** Is a layer needed for something that is on its way? */
  keepsLayer(id: string): boolean {
    if (existsSync(this.shelf.of({ kind: "layer", id }))) return true;
    const disks = this.shelf.volumes().filter((v) => v.kind === "disk");
    return disks.some((v) => this.shelf.abouts(v).some((a) => a.of.kind === "disk" && a.of.disk.layers.includes(id)));
  }

  /** Does a disk that waits for its node stand on this layer? */
  standsOn(layer: string): boolean {
    const waiting = this.shelf.volumes().filter((v) => this.shelf.hasWaiting(v));
    return waiting.some((v) => {
      const of = this.shelf.waiting(v.id)?.of;
      return of?.kind === "disk" && of.disk.layers.includes(layer);
    });
  }

  async stop(): Promise<void> {
    for (const abort of this.#aborts.values()) abort.abort(new DockletError("unavailable", "docklet is stopping."));
    for (const v of this.shelf.volumes()) await this.release(v);
    for (const taking of this.#taking.values()) for (const sink of [...taking.values()]) await sink.shut();
    await this.#mutex.idle();
  }

  async #adoptDisk(path: string, node: string, about: About): Promise<void> {
    const { estate } = this.parts;
    if (this.shelf.waiting(node)) return;
    const here = estate.diskOf(node);
    if (here !== null) {
      if (await isSnapshotOf(here, path)) return;
      throw new DockletError(
        "conflict",
        `This host has a disk of the node ${node} already.`,
        "It must be gone before another one can take its place.",
      );
    }
    const { of } = about;
    if (of.kind === "disk") estate.needLayers(of.disk.layers);
    const disk = this.shelf.disk(node);
    await this.shelf.drop(disk);
    await snapshot(path, disk, { readonly: false });
    this.shelf.write(disk, about);
  }

  /** btrfs makes the subvolume in the folder where it stays; what marks it as whole is written last. */
  async #make(picture: Picture, { path, about, offset }: Arrived): Promise<void> {
    const key = keyOf(picture.volume);
    const target = this.shelf.subvolume(picture);
    const abort = this.#aborts.get(key) ?? new AbortController();
    this.#aborts.set(key, abort);
    try {
      await this.shelf.drop(target);
      await receiveSubvolume(this.shelf.of(picture.volume), { path, offset }, abort.signal);
      if (!existsSync(target) || !(await isReadonly(target)))
        throw new DockletError(
          "invalid",
          `What arrived is no picture of ${key}.`,
          "Is the sending host of this cluster?",
        );
      this.shelf.write(target, about);
      rmSync(path, { force: true });
    } catch (e) {
      await this.shelf.drop(target);
      throw e;
    } finally {
      this.#aborts.delete(key);
    }
  }

  #whole(picture: Picture): string {
    if (this.shelf.about(picture)) return this.shelf.subvolume(picture);
    const { volume, name } = picture;
    throw new DockletError(
      "not_found",
      `This host has no picture ${name} of ${volume.kind} ${volume.id}.`,
      "It was dropped, or nobody used it for a day: begin anew.",
    );
  }

  #alone<T>(volume: Volume, body: () => Promise<T>): Promise<T> {
    return this.#mutex.run(keyOf(volume), body);
  }
}

function wholeSink(): PictureSink {
  const nothing = async () => {};
  return { whole: true, offset: 0, write: nothing, finish: nothing, close: () => {} };
}
