import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Picture, PictureSink } from "../../src/contracts/worker.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { createSubvolume, deleteSubvolume, snapshot } from "../../src/os/btrfs.ts";
import { run } from "../../src/os/exec.ts";
import { listMounts } from "../../src/os/mounts.ts";
import type { Store } from "../../src/store/store.ts";
import { createImages, type Images } from "../../src/worker/images/images.ts";
import { Layers, layerId, type Manifest } from "../../src/worker/images/layers.ts";
import { Layout } from "../../src/worker/layout.ts";
import { Instances } from "../../src/worker/nodes/instances.ts";
import { Homes } from "../../src/worker/rootfs/homes.ts";
import { openPool, poolLoops } from "../../src/worker/rootfs/pool.ts";
import { Estate, layerAt } from "../../src/worker/volumes/estate.ts";
import { Volumes } from "../../src/worker/volumes/volumes.ts";
import { WaitingDisks } from "../../src/worker/volumes/waiting-disks.ts";
import { recipe } from "./fake-reports.ts";
import { openStoreOf } from "./worker-parts.ts";

/** The pool of a host on a loop device, and those parts of a worker that keep it. No containers. */
export class PoolSite {
  readonly layout: Layout;
  readonly store: Store;
  readonly instances: Instances;
  layers!: Layers;
  images!: Images;
  volumes!: Volumes;
  disks!: WaitingDisks;
  now = Date.now();
  full: string | null = null;

  private constructor(
    readonly folder: string,
    tag: string,
    committed: () => void,
  ) {
    this.layout = new Layout(folder, tag);
    mkdirSync(this.layout.pool, { recursive: true });
    this.store = openStoreOf("worker", join(folder, "worker.db"), committed);
    this.instances = new Instances(this.store);
  }

  /** `folder`: that of one that is up already. */
  static async up(tag: string, folder?: string, committed = () => {}): Promise<PoolSite> {
    const site = new PoolSite(folder ?? mkdtempSync(join(tmpdir(), "docklet-site-")), tag, committed);
    await openPool(site.layout, { storage: "file", disk: null, sizeMiB: 1024 }, silentLogger);
    site.layers = new Layers(site.layout.pool);
    await site.start();
    return site;
  }

  /** As a worker that starts; again: as after a crash. */
  async start(): Promise<void> {
    const { layout, instances } = this;
    this.images = await createImages({
      pool: layout.pool,
      log: silentLogger,
      inUse: (tree) => instances.usesLayer(tree) || this.volumes.standsOn(layerAt(tree)),
      onTheWay: (id) => this.volumes.keepsLayer(id),
      letGo: (id) => this.volumes.release({ kind: "layer", id }),
    });
    this.volumes = new Volumes({
      pool: layout.pool,
      estate: new Estate({ layout, instances, homes: new Homes(layout), images: this.images }),
      now: () => this.now,
      full: () => this.full,
      log: silentLogger,
    });
    this.disks = new WaitingDisks({ shelf: this.volumes.shelf, layout, instances, now: () => this.now });
    await this.volumes.sweep();
  }

  /** A layer with whatever `fill` puts into its tree. */
  async layer(name: string, digest: string, parents: string[], fill: (root: string) => Promise<void>): Promise<string> {
    const work = join(this.layers.builds, name);
    await createSubvolume(work);
    mkdirSync(join(work, "root"));
    await fill(join(work, "root"));
    const builtAt = this.layers.all().length + 1;
    const manifest: Manifest = { version: 1, name, digest, recipe: recipe(name), parents, size: 4096, builtAt };
    await snapshot(work, this.layers.path(layerId(manifest)), { readonly: true });
    await deleteSubvolume(work);
    this.layers.commit(manifest);
    return layerId(manifest);
  }

  /** The disk of a node, with whatever `fill` puts into its upper folder. */
  async node(node: string, id: string, layers: string[], fill: (upper: string) => Promise<void>): Promise<void> {
    const birth = {
      slug: `${id}slugslug`,
      jupyterToken: "token",
      hostKey: "KEY\nKEY\n",
      hostKeyPub: "ssh-ed25519 KEY",
    };
    const trees = layers.map(this.layout.layer);
    this.instances.add(
      { ...birth, id, node, vcluster: "vclusa", image: "mini", layers: trees, stage: "claimed" },
      this.now,
    );
    await createSubvolume(this.layout.disk(id));
    for (const part of ["upper", "work"]) mkdirSync(join(this.layout.disk(id), part));
    await fill(join(this.layout.disk(id), "upper"));
  }

  async down(): Promise<void> {
    await this.volumes.stop();
    for (const { target } of listMounts(this.folder).toReversed()) await run(["umount", target]);
    for (const loop of await poolLoops(this.layout)) await run(["losetup", "-d", loop], { ok: [0, 1] });
    this.store.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** Everything in a tree that overlay, rights and programs depend on, as text. */
export async function treeText(root: string): Promise<string> {
  const find = ["find", ".", "-printf", "%P %y %m %U:%G %s %n %l\n"] as const;
  const names = (await run([...find], { cwd: root })).stdout.split("\n").sort().join("\n");
  const attributes = (await run(["getfattr", "-R", "-d", "-m", "-", "--absolute-names", "."], { cwd: root })).stdout;
  const sums = (await run(["find", ".", "-type", "f", "-exec", "sha256sum", "{}", "+"], { cwd: root })).stdout;
  return [names, attributes, sums.split("\n").sort().join("\n")].join("\n--\n");
}

/** What the master does: bytes from one host's pool to another's. `pass` may stop it, or change them. */
export async function carry(
  from: Volumes,
  to: Volumes,
  picture: Picture,
  parent: string | null = null,
  pass: (data: Uint8Array, at: number) => Uint8Array | null = (data) => data,
): Promise<number> {
  await from.take({ picture, parent });
  const sink: PictureSink = await to.receive({ picture, parent });
  if (sink.whole) return 0;
  const source = await from.send({ picture, parent, offset: sink.offset });
  let sent = 0;
  try {
    for await (const chunk of source) {
      const data = pass(chunk, sink.offset + sent);
      if (data === null) return sent;
      await sink.write(data);
      sent += data.length;
    }
    await sink.finish(await source.finished);
    return sent;
  } finally {
    source.close();
    sink.close();
  }
}
