import { existsSync } from "node:fs";
import type { Picture } from "../../src/contracts/worker.ts";
import { crashPoint } from "../../src/os/crash-point.ts";
import { PoolSite } from "./pool-site.ts";

/** What a test wants done in a process of its own, which it kills. */
export interface Task {
  folder: string;
  tag: string;
  picture: Picture;
  /** The stream, and how to check it. */
  file: string;
  end: { bytes: number; digest: string };
  vcluster: string;
}

/** Receives a picture from a file, adopts it and gives it to its node: as far as it gets. */
if (import.meta.main) {
  const { folder, tag, picture, file, end, vcluster } = JSON.parse(process.argv[2]!) as Task;
  const site = await PoolSite.up(tag, folder, () => crashPoint("commit worker"));
  const { volumes, disks } = site;
  if (site.instances.all().length === 0 && !existsSync(volumes.shelf.disk(picture.volume.id))) {
    const sink = await volumes.receive({ picture, parent: null });
    if (!sink.whole) {
      for await (const chunk of Bun.file(file).slice(sink.offset).stream()) await sink.write(chunk);
      await sink.finish(end);
    }
  }
  if (site.instances.all().length === 0) await volumes.adopt(picture);
  if (picture.volume.kind === "disk") disks.claim(picture.volume.id, vcluster);
  await volumes.drop(picture.volume);
  process.exit(0);
}
