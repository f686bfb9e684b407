import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DockletError } from "../../lib/errors.ts";
import { createSubvolume, deleteSubvolume, isSubvolumeFull, limitSubvolume } from "../../os/btrfs.ts";
import { run } from "../../os/exec.ts";
import { idmappedBind, idmappedOverlay, isMounted, makeShared, unmount } from "../../os/mounts.ts";
import { mapNamespace } from "../../os/userns.ts";
import type { Layout } from "../layout.ts";

/** The disk of one instance and the mounts that make a root file system of it. Each step sees for itself whether it is needed. */
export class Rootfs {
  constructor(private readonly layout: Layout) {}

  async #makeDisk(id: string): Promise<void> {
    const disk = this.layout.disk(id);
    if (!existsSync(disk)) await createSubvolume(disk);
    for (const part of ["upper", "work"]) mkdirSync(join(disk, part), { recursive: true, mode: 0o755 });
  }

  /** null: none. */
  limit(id: string, mib: number | null): Promise<void> {
    return limitSubvolume(this.layout.disk(id), mib === null ? "none" : mib * 1_048_576);
  }

  /** Does the disk hold as much as it may? */
  async isFull(id: string): Promise<boolean> {
    const disk = this.layout.disk(id);
    return existsSync(disk) && (await isSubvolumeFull(disk));
  }

  /** Makes the disk if there is none, and mounts. `lowers`: topmost first. */
  async mount(id: string, lowers: string[], idBase: number): Promise<void> {
    const run = this.layout.run(id);
    if (isMounted(this.layout.merged(id))) return;
    for (const part of ["merged", "idsrc", "id", "home", "home0"])
      mkdirSync(join(run, part), { recursive: true, mode: 0o755 });
    // LXC wants the node's root to be able to walk here; no other user of the host shall.
    chownSync(run, 0, idBase);
    chmodSync(run, 0o710);
    // Two processes each, and neither needs the other.
    const [disk, namespace] = await Promise.allSettled([this.#makeDisk(id), mapNamespace(idBase)]);
    if (namespace.status === "rejected") throw namespace.reason;
    const ns = namespace.value;
    try {
      if (disk.status === "rejected") throw disk.reason;
      idmappedBind(this.layout.identitySource(id), this.layout.identity(id), ns.fd, { readonly: true });
      idmappedBind(this.layout.homeEmpty(id), this.layout.homeSlot(id), ns.fd, { readonly: true });
      makeShared(this.layout.homeSlot(id));
      // Last: its presence means that all three are there.
      idmappedOverlay({ lowers, node: this.layout.disk(id) }, this.layout.merged(id), ns.fd);
    } finally {
      ns.close();
    }
    await this.#homePoint(id, idBase);
  }

  /**
   * LXC mounts the person's folder on /root/nfs, and may not make that itself (see lxc/config.ts). The node does not
   * run, so nothing changes under our look; what is missing is made with no more rights than its root has.
   */
  async #homePoint(id: string, idBase: number): Promise<void> {
    for (const part of ["root", "root/nfs"]) {
      const path = join(this.layout.merged(id), part);
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found?.isDirectory()) continue;
      if (found)
        throw new DockletError(
          "conflict",
          `/${part} of this node was replaced by something that is no folder, so ~/nfs can't be mounted.`,
          "The node can't start any more. What is in ~/nfs is safe: delete the vcluster and make a new one.",
        );
      const ids = ["--reuid", String(idBase), "--regid", String(idBase), "--clear-groups"];
      await run(["setpriv", ...ids, "mkdir", "-m", "700", "--", path]);
    }
  }

  /** Takes all mounts of an instance away. Its disk stays. */
  unmount(id: string): void {
    const { homeSlot, homeStaging, identity, merged } = this.layout;
    const mountpoints = [homeSlot(id), homeStaging(id), identity(id), merged(id)];
    for (const target of mountpoints) unmount(target);
    // rmdir, never rm -r: were something still mounted there, this fails instead of deleting a person's data.
    for (const target of mountpoints) if (existsSync(target)) rmdirSync(target);
    rmSync(this.layout.run(id), { recursive: true, force: true });
  }

  async deleteDisk(id: string): Promise<void> {
    await deleteSubvolume(this.layout.disk(id));
  }
}
