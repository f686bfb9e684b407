import type { Step } from "../contracts/public/index.ts";
import type { Recipe } from "../contracts/public/system.ts";
import type { BuildReport, ImageReport } from "../contracts/worker.ts";
import { asDocklet, DockletError } from "../lib/errors.ts";
import type { ImageInfo, Images } from "./images/images.ts";
import type { ImageFacts, ImageSource } from "./nodes/runtime.ts";

interface Build {
  image: string;
  abort: AbortController;
  steps: Step[];
}

/** Images as the worker's other parts and its master see them: what is here, what is being built, how many are warm. */
export class ImageDesk implements ImageSource {
  readonly #builds = new Map<string, Build>();
  /** Asked at every click, so kept; forgotten when an image is built or deleted. */
  readonly #facts = new Map<string, ImageFacts | null>();

  constructor(
    private readonly parts: {
      images: Images;
      warm: (image: string) => { want: number; have: number };
      report: (r: ImageReport | BuildReport) => void;
      /** An image became usable, or was taken away. */
      changed: (image: string) => void;
    },
  ) {}

  facts(name: string): ImageFacts | null {
    let facts = this.#facts.get(name);
    if (facts === undefined) {
      const image = this.parts.images.get(name);
      facts = image?.digest
        ? { layers: this.parts.images.layersOf(name), init: image.recipe.init, ready: image.recipe.ready }
        : null;
      this.#facts.set(name, facts);
    }
    return facts;
  }

  dockletLayer(): Promise<string> {
    return this.parts.images.dockletLayer();
  }

  /** Images of which nodes can be made. */
  names(): string[] {
    return this.parts.images
      .list()
      .filter((i) => i.digest !== null)
      .map((i) => i.name);
  }

  reports(): ImageReport[] {
    return this.parts.images.list().map((i) => this.#reportOf(i));
  }

  reportImage(name: string): void {
    const image = this.parts.images.get(name);
    if (image) this.parts.report(this.#reportOf(image));
  }

  /** Returns at once; what comes of it is reported under `operation`. Asking for a build that runs already changes nothing. */
  build(operation: string, recipe: Recipe): void {
    if (this.#builds.has(operation)) return;
    const build: Build = { image: recipe.name, abort: new AbortController(), steps: [] };
    this.#builds.set(operation, build);
    void this.#run(operation, build, recipe);
  }

  cancel(operation: string): void {
    this.#builds.get(operation)?.abort.abort(new DockletError("cancelled", "The build was cancelled."));
  }

  /** A layer of it came from another host. */
  async came(name: string): Promise<void> {
    await this.parts.images.came(name);
    this.#changed(name);
  }

  stop(): void {
    for (const operation of this.#builds.keys()) this.cancel(operation);
  }

  async remove(name: string): Promise<void> {
    await this.parts.images.remove(name);
    this.#changed(name);
  }

  async #run(operation: string, build: Build, recipe: Recipe): Promise<void> {
    const tell = (done: boolean, error: BuildReport["error"]) =>
      this.parts.report({ type: "build", operation, image: build.image, steps: build.steps, done, error });
    let error: BuildReport["error"] = null;
    try {
      const building = this.parts.images.build(
        recipe,
        (steps) => {
          build.steps = steps;
          tell(false, null);
        },
        build.abort.signal,
      );
      this.reportImage(build.image);
      await building;
    } catch (e) {
      const { code, message, hint } = asDocklet(e);
      error = { code, message, hint };
    }
    this.#builds.delete(operation);
    this.#changed(build.image);
    tell(true, error);
  }

  #changed(image: string): void {
    this.#facts.delete(image);
    this.reportImage(image);
    this.parts.changed(image);
  }

  #reportOf(image: ImageInfo): ImageReport {
    return {
      type: "image",
      name: image.name,
      state: image.building ? "building" : image.state,
      reason: image.reason,
      recipe: image.recipe,
      size: image.size,
      builtAt: image.builtAt,
      warm: this.parts.warm(image.name),
      layers: image.layers,
    };
  }
}
