import { mkdirSync, readFileSync } from "node:fs";
import { crashPoint } from "./crash-point.ts";
import { closeFd, MOUNT_ATTR, MS, mount, mountSetattr, moveMount, openTree, SyscallError, umount } from "./syscalls.ts";

export interface MountEntry {
  id: number;
  target: string;
  root: string;
  type: string;
  source: string;
  /** Of the file system itself, not of this mount of it. */
  options: string[];
}

const plainPath = (s: string) => s.replace(/\\(\d{3})/g, (_, o: string) => String.fromCharCode(Number.parseInt(o, 8)));

/** The text of a mountinfo file: blanks, tabs, newlines and backslashes stand in it as octal numbers. */
export function parseMountInfo(text: string): MountEntry[] {
  return text.split("\n").flatMap((line) => {
    const cut = line.indexOf(" - ");
    if (cut < 0) return [];
    const left = line.slice(0, cut).split(" ");
    const [type, source, options] = line.slice(cut + 3).split(" ");
    return {
      id: Number(left[0]),
      target: plainPath(left[4]!),
      root: plainPath(left[3]!),
      type: type!,
      source: plainPath(source!),
      options: options!.split(","),
    };
  });
}

/** The mounts of this process, oldest first. */
export function listMounts(under?: string): MountEntry[] {
  const all = parseMountInfo(readFileSync("/proc/self/mountinfo", "utf8"));
  return under === undefined ? all : all.filter((m) => m.target === under || m.target.startsWith(`${under}/`));
}

export const isMounted = (target: string) => listMounts(target).some((m) => m.target === target);

/** Kinds of file systems that several hosts can have mounted at once, with people's ids on files. */
const SHARED_TYPES = new Set([
  ..."nfs nfs4 ceph fuse.ceph fuse.ceph-fuse fuse.glusterfs lustre beegfs beegfs_nodev gpfs gfs2 ocfs2 orangefs".split(
    " ",
  ),
  ..."fuse.juicefs fuse.JuiceFS fuse.mfs fuse.moosefs fuse.lizardfs fuse.saunafs".split(" "),
]);

/** Can the other hosts have this file system as well? */
export const isShareable = (mount: Pick<MountEntry, "type">): boolean => SHARED_TYPES.has(mount.type);

/** What lies on top at a mount point; null: nothing is mounted there. Never touches the file system itself. */
export function mountAt(target: string): MountEntry | null {
  return listMounts(target).findLast((m) => m.target === target) ?? null;
}

/** Mounts `source` at `target` as seen through the user namespace's id map. */
export function idmappedBind(
  source: string,
  target: string,
  usernsFd: number,
  options: { readonly?: boolean } = {},
): void {
  const fd = openTree(source);
  try {
    mountSetattr(fd, MOUNT_ATTR.IDMAP | (options.readonly ? MOUNT_ATTR.RDONLY : 0n), usernsFd);
    moveMount(fd, target);
    crashPoint("bind");
  } finally {
    closeFd(fd);
  }
}

export interface OverlayLayers {
  /** Read-only layer folders, topmost first. */
  lowers: string[];
  /** A folder that holds `upper` and `work`. */
  node: string;
}

/**
 * Mounts an overlay at `target` whose layers, upper included, are stored uid-0 based and shown in the node's
 * range. The layers are handed over as detached mounts, so the host's mount table gets one entry a node.
 * Overlay mounts a broken work folder silently read-only: the caller gets an error instead.
 */
export function idmappedOverlay(layers: OverlayLayers, target: string, usernsFd: number): void {
  const fds: number[] = [];
  const tree = (path: string, readonly: boolean) => {
    const fd = openTree(path);
    fds.push(fd);
    mountSetattr(fd, MOUNT_ATTR.IDMAP | (readonly ? MOUNT_ATTR.RDONLY : 0n), usernsFd);
    return `/proc/self/fd/${fd}`;
  };
  try {
    const lower = layers.lowers.map((l) => tree(l, true)).join(":");
    const node = tree(layers.node, false);
    mount(
      "docklet",
      target,
      "overlay",
      0,
      `lowerdir=${lower},upperdir=${node}/upper,workdir=${node}/work,index=off,xino=off`,
    );
    crashPoint("overlay");
  } finally {
    for (const fd of fds) closeFd(fd);
  }
  if (overlayIsReadonly(target)) {
    umount(target, true);
    throw new Error(`the overlay at ${target} came up read-only: its work folder could not be made`);
  }
}

function overlayIsReadonly(target: string): boolean {
  const mine = listMounts(target).findLast((m) => m.target === target && m.type === "overlay");
  return mine?.options.includes("ro") ?? true;
}

export function tmpfs(target: string, options: string): void {
  mkdirSync(target, { recursive: true, mode: 0o700 });
  mount("docklet", target, "tmpfs", MS.NOSUID | MS.NODEV, options);
  crashPoint("tmpfs");
}

export function makeShared(target: string): void {
  mount("none", target, "none", MS.SHARED, "");
}

/** Unmounts what lies on top, here and wherever it propagated to. false: something in there is in use. */
export function unmountTop(target: string): boolean {
  try {
    umount(target, false);
  } catch (e) {
    if (e instanceof SyscallError && e.code === "EBUSY") return false;
    throw e;
  }
  crashPoint("umount");
  return true;
}

/** Unmounts if something is mounted; whatever is stacked there goes too. Lazy by default: a process inside never blocks us. */
export function unmount(target: string, lazy = true): void {
  for (let i = 0; i < 16; i++) {
    try {
      umount(target, lazy);
      crashPoint("umount");
    } catch (e) {
      if (e instanceof SyscallError && (e.code === "EINVAL" || e.code === "ENOENT")) return;
      throw e;
    }
  }
}
