import type { Logger } from "pino";
import type { Image, Step } from "../../contracts/public/index.ts";
import type { Recipe } from "../../contracts/public/system.ts";
import { DockletError } from "../../lib/errors.ts";
import { Semaphore } from "../../lib/mutex.ts";
import { buildImage } from "./build.ts";
import { ensureDockletLayer } from "./docklet-layer.ts";
import { Layers, layerId, type Manifest } from "./layers.ts";
import { builtinRecipes, DOCKLET_LAYER, parseRecipe } from "./recipes.ts";

/** An image as this host has it. */
export interface ImageInfo {
  name: string;
  recipe: Recipe;
  builtin: boolean;
  /** An image that was built once stays `ready` while it is built anew, and when that fails. */
  state: Image["state"];
  building: boolean;
  /** Why the last build failed. */
  reason: string | null;
  /** Of the newest finished build. */
  digest: string | null;
  size: number | null;
  builtAt: number | null;
  /** Ids of the layers of the newest finished build, topmost first. */
  layers: string[];
}

export interface ImagesOptions {
  /** Where the btrfs pool is mounted. */
  pool: string;
  log: Logger;
  now?: () => number;
  /** Whether a node has this layer below it: such a layer is never deleted. */
  inUse: (layerPath: string) => boolean;
  /** Whether a layer is needed for something that is on its way from or to another host. */
  onTheWay?: (layer: string) => boolean;
  /** Called before a layer is deleted: whoever sends it must let go of it. */
  letGo?: (layer: string) => Promise<void>;
}

/** The images of one host. Their state is what is on the pool; this object only remembers builds that run or failed. */
export class Images {
  readonly #layers: Layers;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #inUse: (layerPath: string) => boolean;
  readonly #onTheWay: (layer: string) => boolean;
  readonly #letGo: (layer: string) => Promise<void>;
  readonly #builtin = builtinRecipes();
  readonly #running = new Map<string, Recipe>();
  readonly #failed = new Map<string, { recipe: Recipe; reason: string }>();
  /** apt and a small host's disk take one build at a time. */
  readonly #one = new Semaphore(1);
  #docklet: Promise<string> | null = null;

  constructor(options: ImagesOptions) {
    this.#layers = new Layers(options.pool);
    this.#log = options.log;
    this.#now = options.now ?? Date.now;
    this.#inUse = options.inUse;
    this.#onTheWay = options.onTheWay ?? (() => false);
    this.#letGo = options.letGo ?? (async () => {});
  }

  /** Deletes what a crash left half-made. Call it once, before anything else. */
  async sweep(): Promise<void> {
    for (const path of await this.#layers.sweep()) this.#log.info({ path }, "deleted an unfinished image build");
  }

  /** The recipes that docklet brings along. */
  recipes(): Recipe[] {
    return [...this.#builtin.values()];
  }

  list(): ImageInfo[] {
    const built = this.#layers.all().filter((m) => m.recipe !== null);
    const names = new Set([
      ...this.#builtin.keys(),
      ...built.map((m) => m.name),
      ...this.#running.keys(),
      ...this.#failed.keys(),
    ]);
    return [...names].sort().map((name) =>
      this.#info(
        name,
        built.find((m) => m.name === name),
      ),
    );
  }

  get(name: string): ImageInfo | undefined {
    return this.list().find((i) => i.name === name);
  }

  /** Builds, or builds anew: nodes keep the layers that they started with, new ones get the new layer. */
  async build(value: Recipe, onProgress: (steps: Step[]) => void, signal: AbortSignal): Promise<ImageInfo> {
    const recipe = parseRecipe(value, value.name);
    const { name } = recipe;
    if (this.#running.has(name))
      throw new DockletError(
        "conflict",
        `The image ${name} is being built already.`,
        "Wait for that build, or cancel it.",
      );
    this.#running.set(name, recipe);
    this.#failed.delete(name);
    try {
      const manifest = await this.#turn(signal, () =>
        buildImage({ layers: this.#layers, recipe, onProgress, signal, now: this.#now }),
      );
      this.#log.info({ image: name, digest: manifest.digest, size: manifest.size }, "image built");
      await this.#prune(name);
    } catch (e) {
      if (signal.aborted)
        throw new DockletError(
          "cancelled",
          `The build of ${name} was cancelled.`,
          "Start it again: it goes on where it was.",
        );
      this.#failed.set(name, { recipe, reason: e instanceof Error ? e.message : String(e) });
      this.#log.warn({ image: name, err: e }, "image build failed");
      throw e;
    } finally {
      this.#running.delete(name);
    }
    return this.get(name)!;
  }

  /** Waits for the builds before this one; a cancelled build does not wait to the end. */
  #turn<T>(signal: AbortSignal, body: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = () => reject(signal.reason);
      signal.addEventListener("abort", leave, { once: true });
      const mine = this.#one.run(async () => {
        signal.removeEventListener("abort", leave);
        signal.throwIfAborted();
        return await body();
      });
      mine.then(resolve, reject);
    });
  }

  /** Deletes all builds of an image, and what an unfinished build of it left. */
  async remove(name: string): Promise<void> {
    if (this.#running.has(name))
      throw new DockletError("conflict", `The image ${name} is being built.`, "Cancel the build first.");
    const all = this.#layers.all();
    const mine = all.filter((m) => m.name === name && m.recipe !== null);
    if (mine.length === 0 && !this.#failed.has(name) && this.#layers.leftovers(name).length === 0)
      throw new DockletError(
        "not_found",
        `There is no image ${name} on this host.`,
        "`docklet image ls` lists the images.",
      );
    const child = all.find((m) => m.name !== name && m.parents.some((p) => mine.some((o) => layerId(o) === p)));
    if (child)
      throw new DockletError("conflict", `The image ${child.name} builds on ${name}.`, `Delete ${child.name} first.`);
    if (mine.some((m) => this.#inUse(this.#layers.tree(layerId(m)))))
      throw new DockletError(
        "conflict",
        `Nodes use the image ${name}.`,
        "Delete the vclusters that were made from it first.",
      );
    for (const m of mine) await this.#delete(layerId(m));
    await this.#layers.deleteLeftovers(name);
    this.#failed.delete(name);
  }

  /** Absolute paths of the read-only folders that make the image, topmost first, without docklet's own layer. */
  layersOf(name: string): string[] {
    const manifest = this.#layers.newest(name);
    if (!manifest || manifest.recipe === null)
      throw new DockletError(
        "not_found",
        `The image ${name} is not built on this host.`,
        `Build it: docklet image build ${name}`,
      );
    return [layerId(manifest), ...manifest.parents].map((id) => this.#layers.tree(id));
  }

  /** The folder of docklet's own layer, which goes on top of every image. Made when it is not there or has changed. */
  dockletLayer(): Promise<string> {
    this.#docklet ??= ensureDockletLayer(this.#layers, this.#now).catch((e) => {
      this.#docklet = null;
      throw e;
    });
    return this.#docklet;
  }

  /** A layer of it came from another host: what it makes useless goes. */
  async came(name: string): Promise<void> {
    this.#failed.delete(name);
    await this.#prune(name);
  }

  /** Deletes old builds that neither a node nor another image needs. */
  async prune(): Promise<void> {
    for (const name of new Set(this.#layers.all().map((m) => m.name))) await this.#prune(name);
  }

  async #prune(name: string): Promise<void> {
    const all = this.#layers.all();
    const needed = new Set(all.flatMap((m) => m.parents));
    const current =
      name === DOCKLET_LAYER ? await this.dockletLayer() : this.#layers.tree(layerId(this.#layers.newest(name)!));
    for (const old of all.filter((m) => m.name === name)) {
      const id = layerId(old);
      const tree = this.#layers.tree(id);
      if (tree !== current && !needed.has(id) && !this.#inUse(tree) && !this.#onTheWay(id)) await this.#delete(id);
    }
  }

  async #delete(id: string): Promise<void> {
    await this.#letGo(id);
    await this.#layers.delete(id);
  }

  #info(name: string, built: Manifest | undefined): ImageInfo {
    const failed = this.#failed.get(name);
    const running = this.#running.get(name);
    const state = built ? "ready" : running ? "building" : failed ? "failed" : "absent";
    return {
      name,
      recipe: (running ?? built?.recipe ?? failed?.recipe ?? this.#builtin.get(name))!,
      builtin: this.#builtin.has(name),
      state,
      building: running !== undefined,
      reason: failed?.reason ?? null,
      digest: built?.digest ?? null,
      size: built?.size ?? null,
      builtAt: built?.builtAt ?? null,
      layers: built ? [layerId(built), ...built.parents] : [],
    };
  }
}

/** The images on a pool, cleared of what a crash left half-made. */
export async function createImages(options: ImagesOptions): Promise<Images> {
  const images = new Images(options);
  await images.sweep();
  return images;
}
