import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/**
 * Writes into a file tree that is not mounted: `top` over `lowers`, as overlay would show them. An image holds
 * absolute symbolic links (/var/run → /run, …), which the host would follow into its own files; here every
 * piece of a path is looked up inside the tree.
 */
export class Tree {
  readonly #top: string;
  readonly #lowers: string[];

  constructor(top: string, lowers: string[] = []) {
    this.#top = top;
    this.#lowers = lowers;
  }

  /** Writes a file with exactly this mode, in place of whatever was there. Missing folders are made. */
  write(path: string, content: string | Uint8Array, mode = 0o644): void {
    const at = this.#place(path);
    writeFileSync(at, content, { flag: "wx", mode });
    chmodSync(at, mode);
  }

  link(path: string, target: string): void {
    symlinkSync(target, this.#place(path));
  }

  folder(path: string, mode = 0o755): void {
    const real = this.#resolve(path);
    this.#makeFolder(real);
    chmodSync(join(this.#top, real), mode);
  }

  has(path: string): boolean {
    return this.#find(this.#resolve(path)) !== null;
  }

  /** Removes from `top`. What only lies in a lower layer stays. */
  remove(path: string): void {
    const real = join(this.#resolve(dirname(path)), base(path));
    rmSync(join(this.#top, real), { recursive: true, force: true });
  }

  /** Where a path is after all links, as a path inside the tree; parts that are not there are taken as they stand. */
  #resolve(path: string, depth = 0): string {
    if (depth > 40) throw new Error(`too many symbolic links in ${path}`);
    const parts = path.split("/").filter((p) => p !== "" && p !== ".");
    let at = "/";
    for (let i = 0; i < parts.length; i++) {
      if (parts[i] === "..") {
        at = dirname(at);
        continue;
      }
      const next = join(at, parts[i]!);
      const found = this.#find(next);
      if (!found?.stat.isSymbolicLink()) {
        at = next;
        continue;
      }
      const target = readlinkSync(found.real);
      const rest = parts.slice(i + 1).join("/");
      return this.#resolve(`${target.startsWith("/") ? target : join(at, target)}/${rest}`, depth + 1);
    }
    return at;
  }

  #find(path: string): { stat: Stats; real: string } | null {
    for (const layer of [this.#top, ...this.#lowers]) {
      const real = join(layer, path);
      const stat = lstatSync(real, { throwIfNoEntry: false });
      // A whiteout: deleted by the layer that it is in.
      if (stat?.isCharacterDevice() && stat.rdev === 0) return null;
      if (stat) return { stat, real };
    }
    return null;
  }

  #place(path: string): string {
    const real = join(this.#resolve(dirname(path)), base(path));
    this.#makeFolder(dirname(real));
    const at = join(this.#top, real);
    // Not recursive: a file in place of a whole folder is a mistake.
    rmSync(at, { force: true });
    return at;
  }

  /** A folder of a lower layer is made in `top` as it is there: overlay shows the attributes of the upper one. */
  #makeFolder(real: string): void {
    if (real === "/") return;
    this.#makeFolder(dirname(real));
    const at = join(this.#top, real);
    if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory()) return;
    const lower = this.#find(real);
    mkdirSync(at);
    chmodSync(at, lower?.stat.isDirectory() ? lower.stat.mode & 0o7777 : 0o755);
    if (lower?.stat.isDirectory() && process.getuid?.() === 0) chownSync(at, lower.stat.uid, lower.stat.gid);
  }
}

const base = (path: string) => path.split("/").filter(Boolean).at(-1) ?? "";
