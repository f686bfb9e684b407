import { messageOf } from "../../lib/errors.ts";
import { longId } from "../../lib/ids.ts";
import type { Logger } from "../../lib/log.ts";
import type { Builds } from "./builds.ts";
import type { Images } from "./images.ts";

/** Who builds an image on a host where nobody asked for it. */
const ACTOR = "docklet";

/**
 * Gives every host the images that the others have: builds there from the same recipe what is ready elsewhere, one
 * image at a time, a parent before its children. A build that failed or was cancelled is not begun again until the
 * host comes back.
 */
export class Equipment {
  /** host, image and recipe that were begun. */
  readonly #tried = new Set<string>();

  constructor(private readonly parts: { images: Images; builds: Builds; hosts: () => string[]; log: Logger }) {}

  /** The host has come (back): what failed there before may be tried again. */
  cameBack(host: string): void {
    for (const key of this.#tried) if (key.startsWith(`${host} `)) this.#tried.delete(key);
  }

  /** Begins what is missing. Called whenever an image or a host has changed; does nothing when nothing is missing. */
  look(): void {
    const { images } = this.parts;
    const hosts = this.parts.hosts();
    for (const host of hosts) for (const name of images.names) if (images.isReady(name)) this.#equip(host, name);
  }

  #equip(host: string, name: string): void {
    const { images, builds, log } = this.parts;
    const here = images.on(host, name)?.state ?? "absent";
    if (here !== "absent" && here !== "failed") return;
    const ready = images.hosts(name).find(([, r]) => r.state === "ready")?.[1];
    const parent = ready?.recipe.parent;
    if (!ready || (parent !== undefined && images.on(host, parent)?.state !== "ready")) return;
    const key = `${host} ${name} ${JSON.stringify(ready.recipe)}`;
    if (this.#tried.has(key) || builds.isBuilding(name)) return;
    this.#tried.add(key);
    try {
      builds.begin({ name, operation: longId("op"), host, actor: ACTOR, requestId: "equipment" });
    } catch (err) {
      log.warn({ err, host, image: name }, `an image could not be brought to a host: ${messageOf(err)}`);
    }
  }
}
