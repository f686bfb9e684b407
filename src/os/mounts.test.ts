import { expect, test } from "bun:test";
import { isMounted, isShareable, listMounts, mountAt, parseMountInfo } from "./mounts.ts";

const TEXT = [
  "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro",
  "30 21 0:26 / /srv/my\\040files\\011x rw,nosuid shared:2 master:1 - tmpfs docklet rw,size=1k",
  "31 30 0:27 /sub\\134dir /srv/over ro,nodev - overlay over\\012lay rw,lowerdir=/a:/b,upperdir=/u",
  "32 30 0:28 / /srv/broken rw - overlay docklet ro,lowerdir=/a",
  "33 30 0:29 / /srv/none rw - fuse.lxcfs  rw",
  "",
].join("\n");

test("targets, roots and sources with their blanks, tabs, newlines and backslashes", () => {
  const [root, blank, over, , none] = parseMountInfo(TEXT);
  expect(root).toEqual({
    id: 21,
    target: "/",
    root: "/",
    type: "ext4",
    source: "/dev/vda1",
    options: ["rw", "errors=remount-ro"],
  });
  expect(blank).toMatchObject({ id: 30, target: "/srv/my files\tx", type: "tmpfs", source: "docklet" });
  expect(over).toMatchObject({ target: "/srv/over", root: "/sub\\dir", type: "overlay", source: "over\nlay" });
  expect(none).toMatchObject({ target: "/srv/none", type: "fuse.lxcfs", source: "", options: ["rw"] });
  expect(parseMountInfo(TEXT)).toHaveLength(5);
});

test("kinds of file systems that other hosts can have mounted as well", () => {
  const shareable = "nfs nfs4 ceph fuse.glusterfs fuse.ceph-fuse lustre beegfs fuse.juicefs fuse.moosefs".split(" ");
  expect(shareable.filter((type) => !isShareable({ type }))).toEqual([]);
  expect(
    "ext4 btrfs xfs tmpfs overlay fuse fuse.lxcfs fuse.sshfs cifs".split(" ").filter((type) => isShareable({ type })),
  ).toEqual([]);
  const real = [
    "36 35 0:42 / /opt/docklet/global rw,relatime shared:3 - nfs4 10.0.0.1:/srv/homes rw,vers=4.2,hard",
    "37 35 0:43 / /opt/docklet/global rw,relatime - fuse.glusterfs 10.0.0.1:/homes rw,user_id=0,allow_other",
  ].flatMap(parseMountInfo);
  expect(real.map((m) => [m.target, m.source, isShareable(m)])).toEqual([
    ["/opt/docklet/global", "10.0.0.1:/srv/homes", true],
    ["/opt/docklet/global", "10.0.0.1:/homes", true],
  ]);
  expect(mountAt("/proc")?.type).toBe("proc");
  expect(mountAt("/pro")).toBeNull();
});

test("a file system that came up read-only can be told from one mounted so", () => {
  const readonly = parseMountInfo(TEXT).filter((m) => m.options.includes("ro"));
  expect(readonly.map((m) => m.target)).toEqual(["/srv/broken"]);
});

test("this host's own: only below a folder, not beside it", () => {
  expect(isMounted("/proc")).toBe(true);
  expect(isMounted("/pro")).toBe(false);
  expect(listMounts("/proc").every((m) => m.target === "/proc" || m.target.startsWith("/proc/"))).toBe(true);
  expect(listMounts("/pro")).toEqual([]);
});
