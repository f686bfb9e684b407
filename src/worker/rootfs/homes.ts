import { cpSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KeyedMutex } from "../../lib/mutex.ts";
import { assetPath } from "../../os/assets.ts";
import { createSubvolume, deleteSubvolume, limitSubvolume } from "../../os/btrfs.ts";
import type { Layout } from "../layout.ts";

/** People's data folders (~/nfs): one subvolume a person, with a quota of its own, outside of every node and image. */
export class Homes {
  readonly #mutex = new KeyedMutex<string>();
  readonly #limits = new Map<string, number>();

  constructor(private readonly layout: Layout) {}

  /** Is it made, with the quota that it should have? */
  isAtHand(owner: string): boolean {
    return this.#limits.has(owner);
  }

  /** Makes the folder when it is missing; sets the quota when it changed. */
  ensure(owner: string, mib: number): Promise<void> {
    if (this.#limits.get(owner) === mib) return Promise.resolve();
    return this.#mutex.run(owner, async () => {
      const path = this.layout.home(owner);
      if (!existsSync(path)) {
        await createSubvolume(path);
        const skeleton = assetPath("static/node/home");
        if (existsSync(skeleton)) cpSync(skeleton, path, { recursive: true });
        else writeFileSync(join(path, ".docklet"), "");
      }
      if (this.#limits.get(owner) !== mib) await limitSubvolume(path, mib * 1_048_576);
      this.#limits.set(owner, mib);
    });
  }

  /** Nothing else is done with this person's folder meanwhile. */
  alone<T>(owner: string, body: () => Promise<T>): Promise<T> {
    return this.#mutex.run(owner, body);
  }

  remove(owner: string): Promise<void> {
    return this.#mutex.run(owner, async () => {
      this.#limits.delete(owner);
      await deleteSubvolume(this.layout.home(owner));
    });
  }
}
