import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { readAsset } from "../../os/assets.ts";
import { createSubvolume, deleteSubvolume, snapshot } from "../../os/btrfs.ts";
import { type Layers, layerId, type Manifest } from "./layers.ts";
import { MASKED_GENERATORS, MASKED_UNITS } from "./masks.ts";
import { DOCKLET_LAYER } from "./recipes.ts";
import { Tree } from "./tree.ts";

type Entry =
  | { path: string; mode: number; content: string }
  | { path: string; link: string }
  | { path: string; mode: number };

const SYSTEMD = "/etc/systemd/system";
const LIBRARY = "/usr/lib/docklet";

/** Where each file of static/node goes. */
const FILES: [path: string, asset: string][] = [
  ["/etc/ssh/sshd_config.d/00-docklet.conf", "sshd.conf"],
  ["/etc/ssh/ssh_config.d/docklet.conf", "ssh-client.conf"],
  [`${SYSTEMD}/ssh.service.d/docklet.conf`, "ssh.service.conf"],
  ["/etc/systemd/journald.conf.d/docklet.conf", "journald.conf"],
  [`${SYSTEMD}/systemd-journald.service.d/docklet.conf`, "journald.service.conf"],
  [`${SYSTEMD}/docklet-jupyter.service`, "jupyter.service"],
  [`${LIBRARY}/jupyter.py`, "jupyter.py"],
  [`${LIBRARY}/tmux.conf`, "tmux.conf"],
  ["/etc/profile.d/docklet.sh", "profile.sh"],
];

/** Everything in docklet's own layer, in an order in which it can be made. */
export function dockletEntries(): Entry[] {
  const link = (path: string, target: string): Entry => ({ path, link: target });
  return [
    // Overlay shows the attributes of the topmost folder, so these must be as an image has them.
    { path: "/root", mode: 0o700 },
    // The person's data folder is mounted here.
    { path: "/root/nfs", mode: 0o700 },
    ...FILES.map(([path, asset]) => ({ path, mode: 0o644, content: readAsset(`static/node/${asset}`) })),
    // Empty: a node that was made from a saved image shall not share its id.
    { path: "/etc/machine-id", mode: 0o444, content: "" },
    ...["hosts", "hostname", "resolv.conf"].map((f) => link(`/etc/${f}`, `/run/docklet/${f}`)),
    ...MASKED_UNITS.map((unit) => link(`${SYSTEMD}/${unit}`, "/dev/null")),
    ...MASKED_GENERATORS.map((name) => link(`/etc/systemd/system-generators/${name}`, "/dev/null")),
    link(`${SYSTEMD}/multi-user.target.wants/docklet-jupyter.service`, "../docklet-jupyter.service"),
    // Some systems start sshd by its socket only; here it always runs.
    link(`${SYSTEMD}/multi-user.target.wants/ssh.service`, "/lib/systemd/system/ssh.service"),
  ];
}

/** The folder of docklet's own layer; made when the pool does not have this very content yet. */
export async function ensureDockletLayer(layers: Layers, now: () => number): Promise<string> {
  const entries = dockletEntries();
  const digest = createHash("sha256").update(JSON.stringify(entries)).digest("hex").slice(0, 16);
  const manifest: Manifest = {
    version: 1,
    name: DOCKLET_LAYER,
    digest,
    recipe: null,
    parents: [],
    size: 0,
    builtAt: now(),
  };
  const id = layerId(manifest);
  if (layers.all().some((m) => layerId(m) === id)) return layers.tree(id);
  const work = join(layers.builds, DOCKLET_LAYER);
  for (const half of [work, layers.path(id)]) await deleteSubvolume(half);
  await createSubvolume(work);
  mkdirSync(join(work, "root"), { mode: 0o755 });
  manifest.size = writeEntries(new Tree(join(work, "root")), entries);
  // Taking a snapshot puts everything on the disk, so the manifest cannot get there first.
  await snapshot(work, layers.path(id), { readonly: true });
  await deleteSubvolume(work);
  layers.commit(manifest);
  return layers.tree(id);
}

/** Returns the bytes written. */
export function writeEntries(tree: Tree, entries: Entry[]): number {
  let size = 0;
  for (const entry of entries) {
    if ("link" in entry) tree.link(entry.path, entry.link);
    else if ("content" in entry) {
      tree.write(entry.path, entry.content, entry.mode);
      size += Buffer.byteLength(entry.content);
    } else tree.folder(entry.path, entry.mode);
  }
  return size;
}
