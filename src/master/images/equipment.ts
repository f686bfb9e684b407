import type { ImageReport } from "../../contracts/worker.ts";
import { messageOf } from "../../lib/errors.ts";
import { longId } from "../../lib/ids.ts";
import type { Logger } from "../../lib/log.ts";
import type { Builds } from "./builds.ts";
import type { Fetches } from "./fetches.ts";
import type { Images } from "./images.ts";

/** Who brings an image to a host where nobody asked for it. */
const ACTOR = "docklet";

/**
 * Gives every host the newest build of each image. It travels from a host that has it; only when none that has it is
 * connected, it is built there from the same recipe, one image at a time, a parent before its children. What failed or
 * was cancelled is not begun again until the host comes back.
 */
export class Equipment {
  /** host, image and build or recipe that were begun. */
  readonly #tried = new Set<string>();

  constructor(
    private readonly parts: {
      images: Images;
      builds: Builds;
      fetches: Fetches;
      hosts: () => string[];
      log: Logger;
    },
  ) {}

  /** The host has come (back): what failed there before may be tried again. */
  cameBack(host: string): void {
    for (const key of this.#tried) if (key.startsWith(`${host} `)) this.#tried.delete(key);
  }

  /** Begins what is missing. Called whenever an image or a host has changed; does nothing when nothing is missing. */
  look(): void {
    const { images } = this.parts;
    const hosts = this.parts.hosts();
    for (const name of images.names) {
      if (!images.isReady(name)) continue;
      const newest = images.newest(name);
      for (const host of hosts) this.#equip(host, name, newest);
    }
  }

  #equip(host: string, name: string, newest: ImageReport | null): void {
    const { images, fetches } = this.parts;
    const here = images.on(host, name);
    if (here?.state === "building" || fetches.isFetching(host, name)) return;
    if (here?.state === "ready" && (!newest || (here.builtAt ?? 0) >= (newest.builtAt ?? 0))) return;
    const source = fetches.source(name, host);
    if (source) this.#once(`${host} ${name} ${source.layers[0]}`, host, name, (o) => fetches.begin(o, source));
    else if (here?.state !== "ready") this.#build(host, name);
  }

  #build(host: string, name: string): void {
    const { images, builds } = this.parts;
    const ready = images.hosts(name).find(([, r]) => r.state === "ready")?.[1];
    const parent = ready?.recipe.parent;
    if (!ready || (parent !== undefined && images.on(host, parent)?.state !== "ready")) return;
    if (builds.isBuilding(name)) return;
    this.#once(`${host} ${name} ${JSON.stringify(ready.recipe)}`, host, name, (o) => builds.begin(o));
  }

  #once(
    key: string,
    host: string,
    name: string,
    begin: (o: { name: string; host: string; operation: string; actor: string; requestId: string }) => unknown,
  ): void {
    if (this.#tried.has(key)) return;
    this.#tried.add(key);
    try {
      begin({ name, host, operation: longId("op"), actor: ACTOR, requestId: "equipment" });
    } catch (err) {
      this.parts.log.warn({ err, host, image: name }, `an image could not be brought to a host: ${messageOf(err)}`);
    }
  }
}
