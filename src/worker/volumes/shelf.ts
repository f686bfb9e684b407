import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { LayerId, type Picture, ShortId, type Volume } from "../../contracts/worker.ts";
import { deleteSubvolume } from "../../os/btrfs.ts";
import { writeFileAtomic } from "../../os/files.ts";
import { isReadonly } from "../../os/subvolume-stream.ts";
import { About } from "./about.ts";

/** What nobody has used for so long is cleared away: whoever moves something begins anew then. ms */
export const KEPT_MS = 86_400_000;
/** The disk that waits for its node. No picture has such a name. */
const DISK = "+disk";

/**
 * Where pictures lie in the pool. What is there is the whole state:
 *
 *   travel/KIND-ID/NAME         read-only subvolume (a layer's has the layer's id for a name)
 *   travel/KIND-ID/NAME.json    what it is; written last: without it the subvolume is not whole
 *   travel/KIND-ID/NAME.part    what has arrived so far
 *   travel/KIND-ID/+disk        writable: the disk of a node that no order has named yet, and its +disk.json
 */
export class Shelf {
  readonly folder: string;

  constructor(pool: string) {
    this.folder = join(pool, "travel");
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  of(volume: Volume): string {
    return join(this.folder, `${volume.kind}-${volume.id}`);
  }

  /** Makes its folder, or marks it as used now. */
  open(volume: Volume, now: number): string {
    const path = this.of(volume);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    utimesSync(path, now / 1000, now / 1000);
    return path;
  }

  subvolume(picture: Picture): string {
    return join(this.of(picture.volume), stemOf(picture));
  }

  part(picture: Picture): string {
    return `${this.subvolume(picture)}.part`;
  }

  disk(node: string): string {
    return join(this.of({ kind: "disk", id: node }), DISK);
  }

  /** null: there is no such picture, or it is not whole. */
  about(picture: Picture): About | null {
    return readAbout(this.subvolume(picture));
  }

  write(subvolume: string, about: About): void {
    writeFileAtomic(`${subvolume}.json`, JSON.stringify(about), 0o600);
  }

  waiting(node: string): About | null {
    return readAbout(this.disk(node));
  }

  /** Marks a disk as taken: it lies where disks of nodes lie. */
  taken(node: string): void {
    rmSync(`${this.disk(node)}.json`, { force: true });
  }

  /** Record first: what is half gone is not whole. */
  async drop(subvolume: string): Promise<void> {
    rmSync(`${subvolume}.json`, { force: true });
    await deleteSubvolume(subvolume);
  }

  /** All there is of a volume: pictures, parts, a disk that waits. */
  async clear(volume: Volume): Promise<void> {
    await this.#clear(this.of(volume));
  }

  volumes(): Volume[] {
    return readdirSync(this.folder).flatMap((name) => volumeOf(name) ?? []);
  }

  /** Whose folder it is, and what is known of what lies in it. */
  abouts(volume: Volume): About[] {
    const path = this.of(volume);
    if (!existsSync(path)) return [];
    return subvolumesIn(path).flatMap((name) => readAbout(join(path, name)) ?? []);
  }

  hasWaiting(volume: Volume): boolean {
    return volume.kind === "disk" && this.waiting(volume.id) !== null;
  }

  usedAt(volume: Volume): number {
    return statSync(this.of(volume), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  }

  /** Deletes what a crash left. Parts stay: they may be gone on with. Returns what is gone. */
  async sweep(): Promise<string[]> {
    const gone: string[] = [];
    for (const name of readdirSync(this.folder)) {
      const path = join(this.folder, name);
      if (!volumeOf(name)) continue;
      for (const entry of readdirSync(path)) {
        const at = join(path, entry);
        const whole = async () => readAbout(at) !== null && (entry === DISK || (await isReadonly(at)));
        const stray = entry.endsWith(".json") ? !existsSync(at.slice(0, -".json".length)) : entry.includes(".json.");
        if (isSubvolume(entry) ? await whole() : !stray) continue;
        gone.push(at);
        if (isSubvolume(entry)) await this.drop(at);
        else rmSync(at, { force: true });
      }
    }
    return gone;
  }

  async #clear(path: string): Promise<void> {
    if (!existsSync(path)) return;
    for (const name of subvolumesIn(path)) await this.drop(join(path, name));
    for (const entry of readdirSync(path)) rmSync(join(path, entry), { force: true });
    rmdirSync(path);
  }
}

/** A layer's subvolume is called as it is where it comes from; a picture is called as it was asked for. */
export const stemOf = (p: Picture): string => (p.volume.kind === "layer" ? p.volume.id : p.name);

const isSubvolume = (entry: string) => !entry.includes(".");
const subvolumesIn = (path: string) => readdirSync(path).filter(isSubvolume);

function volumeOf(name: string): Volume | null {
  const [kind, id] = [name.slice(0, name.indexOf("-")), name.slice(name.indexOf("-") + 1)];
  if (kind === "layer") return LayerId.safeParse(id).success ? { kind, id } : null;
  if (kind !== "disk" && kind !== "home") return null;
  return ShortId.safeParse(id).success ? { kind, id } : null;
}

function readAbout(subvolume: string): About | null {
  try {
    if (!existsSync(subvolume)) return null;
    return About.parse(JSON.parse(readFileSync(`${subvolume}.json`, "utf8")));
  } catch {
    // Not there or cut short: it vouches for nothing.
    return null;
  }
}
