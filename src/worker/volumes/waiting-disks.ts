import { existsSync } from "node:fs";
import { shortId } from "../../lib/ids.ts";
import { moveSubvolume } from "../../os/btrfs.ts";
import type { Layout } from "../layout.ts";
import type { Instances } from "../nodes/instances.ts";
import type { Shelf } from "./shelf.ts";

/** Disks that came from other hosts and wait for the order that names their node. */
export class WaitingDisks {
  constructor(
    private readonly parts: {
      shelf: Shelf;
      layout: Layout;
      instances: Instances;
      now: () => number;
    },
  ) {}

  /**
   * An order names this node: it gets the disk that waits for it, if there is one, and stays who it was. Each step looks
   * first, so a crash in between is made good by the next call.
   */
  claim(node: string, vcluster: string): void {
    const { shelf, layout, instances, now } = this.parts;
    const from = shelf.disk(node);
    if (!existsSync(from)) return;
    const about = shelf.waiting(node);
    if (about?.of.kind !== "disk") return;
    const { layers: ids, ...birth } = about.of.disk;
    const instance =
      instances.ofNode(node) ??
      instances.add(
        { ...birth, id: shortId(), node, vcluster, layers: ids.map(layout.layer), stage: "claimed" },
        now(),
      );
    const disk = layout.disk(instance.id);
    if (!existsSync(disk)) moveSubvolume(from, disk);
    shelf.taken(node);
  }
}
