import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { Recipe } from "../../contracts/public/system.ts";
import { deleteSubvolume } from "../../os/btrfs.ts";
import { writeFileAtomic } from "../../os/files.ts";

/** What stands beside every layer. It is written last: a layer without one was never finished. */
export const Manifest = z.object({
  version: z.literal(1),
  name: z.string(),
  digest: z.string().regex(/^[0-9a-f]{16}$/),
  recipe: Recipe.nullable().describe("null: docklet's own layer"),
  /** Ids (`name@digest`) of the layers below, topmost first. */
  parents: z.array(z.string()),
  /** Bytes of its own layer. */
  size: z.number(),
  builtAt: z.number(),
});
export type Manifest = z.infer<typeof Manifest>;

export const layerId = (m: Pick<Manifest, "name" | "digest">) => `${m.name}@${m.digest}`;

/**
 * The folders of the pool that images live in. What is on the pool is the whole state:
 *
 *   layers/NAME@DIGEST/root     read-only subvolume; the layer's tree is `root` in it
 *   layers/NAME@DIGEST.json     its manifest
 *   build/NAME                  subvolume of a build that runs
 *   build/NAME.STAGE.HASH       read-only snapshot after a finished stage, for resuming
 *   build/NAME.archives, .log   downloaded packages and output of a build that is not finished
 */
export class Layers {
  readonly folder: string;
  readonly builds: string;

  readonly #drop: (subvolume: string) => Promise<void>;

  constructor(pool: string, drop = deleteSubvolume) {
    this.#drop = drop;
    this.folder = join(pool, "layers");
    this.builds = join(pool, "build");
    for (const dir of [this.folder, this.builds]) mkdirSync(dir, { recursive: true, mode: 0o700 });
  }

  path(id: string): string {
    return join(this.folder, id);
  }

  /** The tree of a layer: what overlay takes as a lower folder. */
  tree(id: string): string {
    return join(this.folder, id, "root");
  }

  /** All finished layers, newest first. */
  all(): Manifest[] {
    const out: Manifest[] = [];
    for (const file of readdirSync(this.folder)) {
      if (!file.endsWith(".json")) continue;
      const manifest = this.#read(file);
      if (manifest && existsSync(this.tree(layerId(manifest)))) out.push(manifest);
    }
    return out.sort((a, b) => b.builtAt - a.builtAt);
  }

  newest(name: string): Manifest | undefined {
    return this.all().find((m) => m.name === name);
  }

  commit(manifest: Manifest): void {
    writeFileAtomic(join(this.folder, `${layerId(manifest)}.json`), `${JSON.stringify(manifest, null, 2)}\n`);
  }

  /** Manifest first: a crash in between leaves an unfinished layer, which the next start removes. */
  async delete(id: string): Promise<void> {
    rmSync(join(this.folder, `${id}.json`), { force: true });
    await this.#drop(this.path(id));
  }

  /** Deletes what a crash left: layers without a manifest and the other way round, and work in progress. Stages stay. */
  async sweep(): Promise<string[]> {
    const gone: string[] = [];
    const whole = new Set(this.all().map(layerId));
    for (const entry of readdirSync(this.folder)) {
      const id = entry.replace(/\.json(\.tmp\d+)?$/, "");
      if (!/^[a-z0-9-]+@[0-9a-f]{16}$/.test(id) || (whole.has(id) && !entry.includes(".json.tmp"))) continue;
      gone.push(join(this.folder, entry));
      if (id === entry) await this.#drop(this.path(id));
      else rmSync(join(this.folder, entry), { force: true });
    }
    for (const entry of readdirSync(this.builds)) {
      if (!/^[a-z0-9-]+$/.test(entry)) continue;
      gone.push(join(this.builds, entry));
      await this.#drop(join(this.builds, entry));
    }
    return gone;
  }

  /** Stage snapshots and downloads of builds of this name that never came to their end. */
  leftovers(name: string): string[] {
    return readdirSync(this.builds)
      .filter((entry) => entry.startsWith(`${name}.`))
      .map((entry) => join(this.builds, entry));
  }

  async deleteLeftovers(name: string, keep: (entry: string) => boolean = () => false): Promise<void> {
    for (const path of this.leftovers(name)) {
      if (keep(basename(path))) continue;
      if (/\.[a-z]+\.[0-9a-f]{16}$/.test(path)) await this.#drop(path);
      else rmSync(path, { recursive: true, force: true });
    }
  }

  #read(file: string): Manifest | null {
    try {
      return Manifest.parse(JSON.parse(readFileSync(join(this.folder, file), "utf8")));
    } catch {
      // Cut short or of another version: it vouches for nothing, so its layer counts as unfinished.
      return null;
    }
  }
}
