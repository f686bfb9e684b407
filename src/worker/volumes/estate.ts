import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { Volume } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";
import { deleteSubvolume, snapshot } from "../../os/btrfs.ts";
import { isSnapshotOf } from "../../os/subvolume-stream.ts";
import type { ImageDesk } from "../image-desk.ts";
import { Layers, layerId, type Manifest } from "../images/layers.ts";
import type { Layout } from "../layout.ts";
import type { Instance, Instances } from "../nodes/instances.ts";
import type { Homes } from "../rootfs/homes.ts";
import type { About } from "./about.ts";

/** Id of the layer whose tree lies at a path of the pool. */
export const layerAt = (tree: string): string => basename(dirname(tree));

/** What this host has that can travel, and where what has travelled becomes part of it. */
export class Estate {
  readonly #layers: Layers;

  constructor(
    private readonly parts: { layout: Layout; instances: Instances; homes: Homes; images: Pick<ImageDesk, "came"> },
  ) {
    this.#layers = new Layers(parts.layout.pool);
  }

  /** Where a volume lies. Throws `not_found`. */
  pathOf({ kind, id }: Volume): string {
    const { layout } = this.parts;
    const path = kind === "layer" ? this.#layers.path(id) : kind === "home" ? layout.home(id) : this.diskOf(id);
    if (path !== null && existsSync(path) && (kind !== "layer" || this.hasLayer(id))) return path;
    throw new DockletError("not_found", `This host has no ${kind} ${id}.`, "It may have moved or been deleted.");
  }

  /** What must go with it. */
  factsOf(volume: Volume): About["of"] {
    if (volume.kind === "home") return { kind: "home" };
    if (volume.kind === "layer") return { kind: "layer", manifest: this.#manifest(volume.id) };
    const { image, layers, slug, jupyterToken, hostKey, hostKeyPub } = this.#instance(volume.id);
    return { kind: "disk", disk: { image, layers: layers.map(layerAt), slug, jupyterToken, hostKey, hostKeyPub } };
  }

  hasLayer(id: string): boolean {
    return this.#layers.all().some((m) => layerId(m) === id);
  }

  /** Bytes of a layer. */
  sizeOf(id: string): number {
    return this.#manifest(id).size;
  }

  /** Throws `conflict` unless all of them are here. */
  needLayers(ids: string[]): void {
    const have = new Set(this.#layers.all().map(layerId));
    const lacking = ids.filter((id) => !have.has(id));
    if (lacking.length === 0) return;
    throw new DockletError("conflict", `The layers ${lacking.join(", ")} are not on this host.`, "Bring them first.");
  }

  /** Path of a node's disk; null: no such node is here. */
  diskOf(node: string): string | null {
    const instance = this.parts.instances.ofNode(node);
    return instance ? this.parts.layout.disk(instance.id) : null;
  }

  async adoptLayer(picture: string, manifest: Manifest): Promise<void> {
    this.needLayers(manifest.parents);
    if (!existsSync(`${picture}/root`))
      throw new DockletError("invalid", `What arrived as ${layerId(manifest)} is no layer.`, "Build the image anew.");
    const path = this.#layers.path(layerId(manifest));
    await deleteSubvolume(path);
    // Taking a snapshot puts everything on the disk, so the manifest cannot get there first.
    await snapshot(picture, path, { readonly: true });
    this.#layers.commit(manifest);
    await this.parts.images.came(manifest.name);
  }

  /** A folder that is here already stays as it is. */
  async adoptHome(picture: string, owner: string): Promise<void> {
    const path = this.parts.layout.home(owner);
    await this.parts.homes.alone(owner, async () => {
      if (!existsSync(path)) return snapshot(picture, path, { readonly: false });
      if (await isSnapshotOf(path, picture)) return;
      throw new DockletError(
        "conflict",
        `This host has a data folder of the person ${owner} already.`,
        "Two folders are never mixed: move one of them away first.",
      );
    });
  }

  #manifest(id: string): Manifest {
    const found = this.#layers.all().find((m) => layerId(m) === id);
    if (found) return found;
    throw new DockletError("not_found", `This host has no layer ${id}.`, "It may have been deleted.");
  }

  #instance(node: string): Instance {
    const instance = this.parts.instances.ofNode(node);
    if (instance) return instance;
    throw new DockletError("not_found", `This host has no node ${node}.`, "It may have moved or been deleted.");
  }
}
