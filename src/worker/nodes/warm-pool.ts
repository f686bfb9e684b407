import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { sleep, until } from "../../lib/retry.ts";
import type { Clock } from "../../os/clock.ts";
import type { Store } from "../../store/store.ts";
import { type Claims, claimed, recentClaims, wantedCount } from "./demand.ts";
import type { Instance, Instances } from "./instances.ts";
import { birth } from "./keys.ts";
import { BOOT_TIMEOUT_MS, waitListening } from "./readiness.ts";
import { type ImageSource, PRIORITY, type Runtime } from "./runtime.ts";

/** MiB that a warm node with Jupyter takes, rounded up; measured by bench/density. */
const NODE_MIB = 96;
/** Refilling begins this long after the last claim, so that a burst of clicks has the machine to itself. */
const QUIET_MS = 400;
const RETRY_MS = 5_000;

/**
 * Containers that have booted and belong to nobody yet. How many follows what was claimed lately, from the configured
 * number up; people can set a number that stays. Filled one at a time in the background; gives its memory
 * back when the host gets short of it.
 */
export class WarmPool {
  readonly #ready = new Map<string, Instance[]>();
  readonly #stop = new AbortController();
  /** Being destroyed now. */
  readonly #leaving = new Set<string>();
  /** Set by people: they get exactly so many. */
  readonly #wanted = new Map<string, number>();
  readonly #claims = new Map<string, Claims>();
  /** Images that are being deleted. */
  readonly #deleted = new Set<string>();
  #wake: (() => void) | null = null;
  #lastClaim = Number.NEGATIVE_INFINITY;
  #loop: Promise<void> | null = null;

  constructor(
    private readonly parts: {
      store: Store;
      instances: Instances;
      runtime: Runtime;
      images: ImageSource;
      clock: Clock;
      log: Logger;
      /** MiB of memory that warm nodes may still take; below zero they have to give some back. */
      spare: () => number;
      defaults: (image: string) => number;
      changed: (image: string) => void;
    },
  ) {
    for (const row of parts.store.all<{ image: string; count: number }>("SELECT * FROM warm_wanted"))
      this.#wanted.set(row.image, row.count);
  }

  want(image: string): number {
    if (this.#deleted.has(image)) return 0;
    return this.#wanted.get(image) ?? wantedCount(this.parts.defaults(image), this.#recent(image));
  }

  have(image: string): number {
    return this.#ready.get(image)?.length ?? 0;
  }

  total(): number {
    return [...this.#ready.values()].reduce((n, list) => n + list.length, 0);
  }

  setWant(image: string, count: number): void {
    this.parts.store.write((tx) =>
      tx.run("INSERT INTO warm_wanted VALUES ($image, $count) ON CONFLICT (image) DO UPDATE SET count = $count", {
        image,
        count,
      }),
    );
    this.#wanted.set(image, count);
    this.parts.changed(image);
    this.poke();
  }

  /** Keeps warm nodes that outlived a restart of docklet; the rest of them, half-made or dead, is removed. */
  async adopt(): Promise<void> {
    for (const i of this.parts.instances.all().filter((x) => x.node === null)) {
      if (i.stage === "warm" && this.#isCurrent(i) && this.parts.runtime.pid(i) !== null) this.#add(i);
      else await this.#discard(i);
    }
  }

  #recent(image: string): number {
    return recentClaims(this.#claims.get(image), this.parts.clock.monotonic());
  }

  /** Takes a warm node. `claim` writes whose it is now; a node that died unnoticed is passed over. */
  take(image: string, claim: (i: Instance) => Instance): Instance | null {
    const list = this.#ready.get(image) ?? [];
    this.#claims.set(image, claimed(this.#claims.get(image), this.parts.clock.monotonic()));
    for (let i = list[0]; i; i = list[0]) {
      this.#lastClaim = this.parts.clock.monotonic();
      const dead = this.parts.runtime.pid(i) === null;
      // One that could not be claimed stays: a full disk passes.
      const claimed = dead ? null : claim(i);
      list.shift();
      this.parts.changed(image);
      this.poke();
      if (claimed) return claimed;
      void this.#discard(i);
    }
    return null;
  }

  /** The image was built anew or deleted: warm nodes of its old layers go, new ones are made. */
  async refresh(image: string): Promise<void> {
    const list = this.#ready.get(image) ?? [];
    const old = list.filter((i) => !this.#isCurrent(i));
    this.#ready.set(
      image,
      list.filter((i) => !old.includes(i)),
    );
    for (const i of old) void this.#discard(i);
    this.poke();
  }

  /**
   * Deletes an image: `remove` runs when no warm node of it is left. What was wanted of it goes with it, so that one
   * built under this name later begins as any other; when it could not be deleted all is as before.
   */
  async leave(image: string, remove: () => Promise<void>): Promise<void> {
    this.#deleted.add(image);
    try {
      for (const i of this.#ready.get(image)?.splice(0) ?? []) await this.#destroy(i);
      // One may just be booting: it is let go when it is up.
      const left = () => this.parts.instances.all().some((i) => i.image === image && i.node === null);
      await until(`warm nodes of ${image} to go`, () => !left(), { timeoutMs: BOOT_TIMEOUT_MS });
      await remove();
      this.parts.store.write((tx) => tx.run("DELETE FROM warm_wanted WHERE image = $image", { image }));
      this.#wanted.delete(image);
      this.#claims.delete(image);
    } finally {
      this.#deleted.delete(image);
      this.parts.changed(image);
      this.poke();
    }
  }

  /** A warm container ended by itself. */
  lost(id: string): void {
    for (const [image, list] of this.#ready) {
      const at = list.findIndex((i) => i.id === id);
      if (at === -1) continue;
      void this.#discard(list.splice(at, 1)[0]!);
      this.parts.changed(image);
      this.poke();
    }
  }

  start(images: () => string[]): void {
    this.#loop = this.#run(images);
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error("stopping"));
    this.#wake?.();
    await this.#loop?.catch(() => {});
  }

  /** Something changed: look again. */
  poke(): void {
    this.#wake?.();
  }

  async #run(images: () => string[]): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (!(await this.#step(images()))) {
          // Nothing to do until a claim, a build or a setting pokes us; memory alone gives no event.
          await new Promise<void>((wake) => {
            this.#wake = wake;
            setTimeout(wake, 30_000).unref?.();
          });
          this.#wake = null;
        }
      } catch (e) {
        if (signal.aborted) return;
        this.parts.log.warn({ err: e }, `warm pool: ${messageOf(e)}`);
        await sleep(RETRY_MS, signal).catch(() => {});
      }
    }
  }

  /** One step towards what is wanted; false when there is nothing to do. */
  async #step(images: string[]): Promise<boolean> {
    // One that would not go is tried again.
    const half = this.parts.instances
      .all()
      .find((i) => i.node === null && i.stage === "dying" && !this.#leaving.has(i.id));
    if (half) {
      await this.#destroy(half);
      return true;
    }
    const free = this.parts.spare();
    for (const image of images) {
      const have = this.have(image);
      const want = this.want(image);
      if (have > want || (have > 0 && free < 0)) {
        const surplus = this.#ready.get(image)!.pop()!;
        this.parts.changed(image);
        await this.#destroy(surplus);
        return true;
      }
      if (have < want && free > NODE_MIB) {
        const quiet = this.#lastClaim + QUIET_MS - this.parts.clock.monotonic();
        // After a pause all may be different: look again.
        if (quiet > 0) await sleep(quiet, this.#stop.signal);
        else await this.#fill(image);
        return true;
      }
    }
    return false;
  }

  async #fill(image: string): Promise<void> {
    const facts = this.parts.images.facts(image);
    if (!facts) return;
    const i = this.parts.instances.add(
      { ...birth(), node: null, vcluster: null, image, layers: facts.layers, stage: "filling" },
      this.parts.clock.now(),
    );
    try {
      await this.parts.runtime.boot(i, null, PRIORITY.warm);
      await waitListening(i, facts.ready, () => this.parts.runtime.pid(i), this.#stop.signal);
      if (!this.#isCurrent(i) || this.#deleted.has(image)) return await this.#destroy(i);
      this.#add(this.parts.instances.setStage(i.id, "warm"));
      this.parts.changed(image);
    } catch (e) {
      if (!this.#stop.signal.aborted) await this.#destroy(i);
      throw e;
    }
  }

  /** Was it made from what its image is now? A build or a deletion may come at any time. */
  #isCurrent(i: Instance): boolean {
    return this.parts.images.facts(i.image)?.layers.join(":") === i.layers.join(":");
  }

  #add(i: Instance): void {
    const list = this.#ready.get(i.image) ?? [];
    list.push(i);
    this.#ready.set(i.image, list);
  }

  /** Never rejects: what would not go is tried again by the next step. */
  async #discard(i: Instance): Promise<void> {
    try {
      await this.#destroy(i);
    } catch (err) {
      this.parts.log.warn({ err, instance: i.id }, "a warm node could not be removed yet");
    }
  }

  async #destroy(i: Instance): Promise<void> {
    this.#leaving.add(i.id);
    try {
      await this.parts.runtime.destroy(i);
    } finally {
      this.#leaving.delete(i.id);
    }
  }
}
