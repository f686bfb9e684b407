import type { Recipe, Step } from "../contracts/public/index.ts";
import type { BuildReport, ImageReport } from "../contracts/worker.ts";
import { asDocklet, DockletError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Images } from "./images/images.ts";
import type { Instances } from "./nodes/instances.ts";
import type { ImageFacts, ImageSource } from "./nodes/runtime.ts";

interface Build {
  recipe: Recipe;
  abort: AbortController;
  steps: Step[];
}

/** Images as the worker's other parts and its master see them: what is here, what is being built, how many are warm. */
export class ImageDesk implements ImageSource {
  readonly #builds = new Map<string, Build>();
  readonly #failures = new Map<string, string>();
  #layer: Promise<string> | null = null;

  constructor(
    private readonly parts: {
      images: Images;
      instances: Instances;
      warm: (image: string) => { want: number; have: number };
      log: Logger;
      report: (r: ImageReport | BuildReport) => void;
      /** An image became usable, or was taken away. */
      changed: () => void;
    },
  ) {}

  facts(name: string): ImageFacts | null {
    const image = this.parts.images.list().find((i) => i.name === name);
    return image
      ? { layers: this.parts.images.layersOf(name), init: image.recipe.init, ready: image.recipe.ready }
      : null;
  }

  dockletLayer(): Promise<string> {
    this.#layer ??= this.parts.images.dockletLayer().catch((e) => {
      this.#layer = null;
      throw e;
    });
    return this.#layer;
  }

  names(): string[] {
    return this.parts.images.list().map((i) => i.name);
  }

  reports(): ImageReport[] {
    return this.parts.images.recipes().map((r) => this.#reportOf(r));
  }

  reportImage(name: string): void {
    const recipe = this.parts.images.recipes().find((r) => r.name === name);
    if (recipe) this.parts.report(this.#reportOf(recipe));
  }

  /** Returns at once; what comes of it is reported under `operation`. */
  build(operation: string, recipe: Recipe): void {
    if ([...this.#builds.values()].some((b) => b.recipe.name === recipe.name)) {
      throw new DockletError(
        "conflict",
        `Image ${recipe.name} is being built already.`,
        "Wait for that build, or cancel it.",
      );
    }
    const build: Build = { recipe, abort: new AbortController(), steps: [] };
    this.#builds.set(operation, build);
    void this.#run(operation, build);
  }

  cancel(operation: string): void {
    this.#builds.get(operation)?.abort.abort(new DockletError("cancelled", "The build was cancelled."));
  }

  async stop(): Promise<void> {
    for (const operation of this.#builds.keys()) this.cancel(operation);
  }

  async remove(name: string): Promise<void> {
    const layers = new Set(this.parts.images.layersOf(name).slice(0, 1));
    const users = this.parts.instances.all().filter((i) => i.node !== null && i.layers.some((l) => layers.has(l)));
    if (users.length > 0)
      throw new DockletError(
        "conflict",
        `${users.length} nodes on this host were made from image ${name}.`,
        "Delete their vclusters first.",
      );
    await this.parts.images.remove(name);
    this.reportImage(name);
    this.parts.changed();
  }

  async #run(operation: string, build: Build): Promise<void> {
    const { name } = build.recipe;
    const tell = (done: boolean, error: BuildReport["error"]) =>
      this.parts.report({ type: "build", operation, image: name, steps: build.steps, done, error });
    tell(false, null);
    this.parts.report(this.#reportOf(build.recipe));
    let error: BuildReport["error"] = null;
    try {
      await this.parts.images.build(
        build.recipe,
        (steps) => {
          build.steps = steps;
          tell(false, null);
        },
        build.abort.signal,
      );
      this.#failures.delete(name);
    } catch (e) {
      const err = build.abort.signal.aborted
        ? new DockletError(
            "cancelled",
            "The build was cancelled. Finished stages are kept: building again goes on from there.",
          )
        : asDocklet(e);
      this.parts.log.warn({ err: e, image: name }, "image build ended without an image");
      error = { code: err.code, message: err.message, hint: err.hint };
      if (err.code !== "cancelled") this.#failures.set(name, err.message);
    } finally {
      this.#builds.delete(operation);
    }
    tell(true, error);
    this.reportImage(name);
    this.parts.changed();
  }

  #reportOf(recipe: Recipe): ImageReport {
    const image = this.parts.images.list().find((i) => i.name === recipe.name);
    const building = [...this.#builds.values()].some((b) => b.recipe.name === recipe.name);
    const failure = this.#failures.get(recipe.name) ?? null;
    return {
      type: "image",
      name: recipe.name,
      state: building ? "building" : image ? "ready" : failure ? "failed" : "absent",
      reason: building ? null : failure,
      recipe: image?.recipe ?? recipe,
      size: image?.size ?? null,
      builtAt: image?.builtAt ?? null,
      warm: this.parts.warm(recipe.name),
    };
  }
}
