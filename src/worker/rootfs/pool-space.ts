import type { Logger } from "../../lib/log.ts";
import { systemRanges, trim } from "../../os/btrfs.ts";
import { holdSpace } from "../../os/space.ts";
import type { Layout } from "../layout.ts";
import { poolLoops } from "./pool.ts";

/**
 * A pool on a sparse file shares the disk with everything else under FS_PREFIX. When that disk is full, a node that
 * writes hears so; but btrfs itself must be able to write, or it turns the whole pool read-only. So the parts of
 * the file where btrfs keeps its own records have their space for good, and what is deleted in the pool goes back
 * to the disk by a trim now and then, after which they get it again. (With discard, the default, it would go at once
 * and from the records too.)
 */
export class PoolSpace {
  constructor(
    private readonly layout: Layout,
    private readonly log: Logger,
  ) {}

  /** Space for btrfs' own records. */
  async hold(): Promise<void> {
    const [loop] = await poolLoops(this.layout);
    if (loop === undefined) return;
    for (const r of await systemRanges(loop)) {
      if (!(await holdSpace(this.layout.poolFile, r.offset, r.bytes)))
        this.log.warn({ ...r }, "no disk space could be held for the storage pool's own records");
    }
  }

  /** Gives back what deleted nodes and images took. */
  async giveBack(): Promise<void> {
    if ((await poolLoops(this.layout)).length === 0) return;
    await trim(this.layout.pool);
    await this.hold();
  }
}
