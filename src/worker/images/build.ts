import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Step } from "../../contracts/public/index.ts";
import type { Recipe } from "../../contracts/public/system.ts";
import { DockletError } from "../../lib/errors.ts";
import { createSubvolume, deleteSubvolume, snapshot } from "../../os/btrfs.ts";
import type { Cell } from "../../os/cell.ts";
import { type AptSources, hostAptSources } from "./apt-sources.ts";
import { diskUsage } from "./disk-usage.ts";
import { type Layers, layerId, type Manifest } from "./layers.ts";
import { resolvePackages } from "./packages.ts";
import { Progress } from "./progress.ts";
import { STAGE_WORK } from "./stage-work.ts";
import { type Inputs, STAGES, type Stage, stageHashes } from "./stages.ts";
import { Tree } from "./tree.ts";

export interface BuildOptions {
  layers: Layers;
  recipe: Recipe;
  onProgress: (steps: Step[]) => void;
  signal: AbortSignal;
  now: () => number;
}

/** What the work of a stage has at hand. */
export interface Site {
  inputs: Inputs;
  apt: AptSources;
  cell: Cell;
  /** Folder for downloaded packages: it outlives a build that fails. */
  archives: string;
  tree: Tree;
  signal: AbortSignal;
  /** Every line that a command prints. */
  onLine: (line: string) => void;
}

/**
 * Builds an image stage by stage. A stage works on the subvolume build/NAME and ends with a snapshot of it; a
 * build that is cancelled or killed goes on after the last stage whose inputs are still the same.
 */
export async function buildImage(options: BuildOptions): Promise<Manifest> {
  const { layers, recipe, signal, now } = options;
  const progress = new Progress(STAGES, options.onProgress, now);
  const work = join(layers.builds, recipe.name);
  const log = join(layers.builds, `${recipe.name}.log`);
  let full = false;
  try {
    progress.start(STAGES[0], "looking up packages");
    const apt = await hostAptSources();
    if (apt.sources.size === 0)
      throw new DockletError(
        "invalid",
        "This host has no apt source that nodes could use too.",
        "Add one in /etc/apt that is neither a local file nor behind a password, and run `apt-get update`.",
      );
    const parents = parentsOf(layers, recipe);
    const inputs = { recipe, packages: await resolvePackages(recipe.packages), sources: apt.digest, parents };
    const hashes = stageHashes(inputs);
    const saved = (stage: Stage) => join(layers.builds, `${recipe.name}.${stage}.${hashes[stage]}`);
    const wanted = new Set(STAGES.map((s) => basename(saved(s))));
    await layers.deleteLeftovers(recipe.name, (entry) => wanted.has(entry) || entry === `${recipe.name}.archives`);
    await deleteSubvolume(work);

    const last = STAGES.findLastIndex((stage) => existsSync(saved(stage)));
    for (const stage of STAGES.slice(0, last + 1)) progress.done(stage, "kept from an earlier build");
    if (last >= 0) await snapshot(saved(STAGES[last]!), work, { readonly: false });
    else await prepare(work, parents.length > 0);

    const archives = join(layers.builds, `${recipe.name}.archives`);
    mkdirSync(archives, { recursive: true });
    writeFileSync(log, "", { mode: 0o600 });
    const lowers = parents.map((id) => layers.tree(id));
    const cell: Cell = { base: work, lowers };
    const tree = new Tree(join(work, "root"), lowers);
    for (const stage of STAGES.slice(last + 1)) {
      signal.throwIfAborted();
      progress.start(stage);
      if (stage === "snapshot") break;
      const { run, advance } = STAGE_WORK[stage];
      const onLine = (line: string) => {
        full ||= FULL.test(line);
        const at = advance(line);
        if (at) progress.advance(stage, at);
        else appendFileSync(log, `${line}\n`);
      };
      await run({ inputs, apt, cell, archives, tree, signal, onLine });
      await snapshot(work, saved(stage), { readonly: true });
      progress.done(stage);
    }
    const manifest = await publish(options, work, hashes.snapshot, parents);
    await layers.deleteLeftovers(recipe.name);
    progress.done("snapshot");
    return manifest;
  } catch (e) {
    const error = explain(e, signal, log, full);
    progress.end(error.code === "cancelled" ? "cancelled" : "failed", error.message);
    throw error;
  } finally {
    await deleteSubvolume(work);
  }
}

/** What commands and the kernel say when the pool is full. */
const FULL = /No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/;

async function prepare(work: string, overlay: boolean): Promise<void> {
  await createSubvolume(work);
  for (const folder of overlay ? ["root", "work", "merged"] : ["root"]) mkdirSync(join(work, folder));
}

function parentsOf(layers: Layers, recipe: Recipe): string[] {
  if (recipe.parent === undefined) return [];
  const parent = layers.newest(recipe.parent);
  if (!parent)
    throw new DockletError(
      "conflict",
      `The image ${recipe.name} builds on ${recipe.parent}, which is not built.`,
      `Build ${recipe.parent} first: docklet image build ${recipe.parent}`,
    );
  return [layerId(parent), ...parent.parents];
}

/** The layer, then its manifest: from then on the image is there. */
async function publish(options: BuildOptions, work: string, hash: string, parents: string[]): Promise<Manifest> {
  const { layers, recipe, now, signal } = options;
  if (parents.length > 0) {
    rmSync(join(work, "work"), { recursive: true, force: true });
    rmdirSync(join(work, "merged"));
  }
  // Hosts agree on the newest build by this time, and clocks go wrong: a build is newer than those before it.
  const builtAt = Math.max(now(), (layers.newest(recipe.name)?.builtAt ?? 0) + 1);
  // The time is part of the digest: the same recipe, built again, holds newer packages and must not replace what nodes use.
  const digest = createHash("sha256").update(`${hash}\0${builtAt}`).digest("hex").slice(0, 16);
  const size = await diskUsage(join(work, "root"), signal);
  const manifest: Manifest = { version: 1, name: recipe.name, digest, recipe, parents, size, builtAt };
  await snapshot(work, layers.path(layerId(manifest)), { readonly: true });
  layers.commit(manifest);
  return manifest;
}

function explain(e: unknown, signal: AbortSignal, log: string, full: boolean): DockletError {
  if (signal.aborted)
    return new DockletError("cancelled", "The build was cancelled.", "Start it again: it goes on where it was.");
  const message = e instanceof Error ? e.message : String(e);
  if (full || FULL.test(message))
    return new DockletError(
      "disk_full",
      "The storage pool is full, so the image could not be built.",
      "Delete images or vclusters, or enlarge the pool (DISKPOOL_SIZE), and start the build again: it goes on where it was.",
      undefined,
      e,
    );
  if (e instanceof DockletError && e.code !== "host_command") return e;
  return new DockletError(
    "host_command",
    `The build failed: ${message}`,
    `The whole output is in ${log} on the host. When the cause is gone, start the build again: it goes on where it was.`,
    undefined,
    e,
  );
}
