import { existsSync, rmdirSync } from "node:fs";
import { until } from "../lib/retry.ts";
import { detectCgroups } from "../os/cgroup/detect.ts";
import { run } from "../os/exec.ts";
import { ipBatch, links } from "../os/ip.ts";
import { listMounts, unmount } from "../os/mounts.ts";
import type { Layout } from "./layout.ts";
import { endKeeper, keeperPid } from "./lease/keeper.ts";
import { endLxcfs, ownLxcfs } from "./lxc/lxcfs.ts";
import { firewallLeftovers, removeFirewall } from "./network/firewall.ts";
import { poolLoops } from "./rootfs/pool.ts";

/** Something in the kernel that this installation has made. */
export interface Leftover {
  kind: "process" | "link" | "mount" | "cgroup" | "rule" | "loop";
  name: string;
}

/** Lists what this installation has in the kernel, by its names alone: no database is asked. */
export async function findLeftovers(layout: Layout): Promise<Leftover[]> {
  const cgroups = detectCgroups();
  const roots = [layout.cgroupRoot, layout.monitorRoot].filter((r) => cgroups.exists(r));
  const found: Leftover[] = [];
  for (const root of roots) {
    for (const pid of cgroups.processes(root)) found.push({ kind: "process", name: String(pid) });
    found.push({ kind: "cgroup", name: root });
  }
  const stems = [layout.veth(""), layout.bridge(""), layout.tunnel("")];
  for (const l of await links())
    if (stems.some((s) => l.ifname.startsWith(s))) found.push({ kind: "link", name: l.ifname });
  for (const base of [layout.live, layout.pool])
    for (const m of listMounts(base)) found.push({ kind: "mount", name: m.target });
  const lxcfs = ownLxcfs(layout.local);
  if (lxcfs !== null) found.push({ kind: "process", name: `${lxcfs} (lxcfs)` });
  const keeper = keeperPid(layout);
  if (keeper !== null) found.push({ kind: "process", name: `${keeper} (keeper)` });
  for (const rule of await firewallLeftovers(layout.tag)) found.push({ kind: "rule", name: rule });
  for (const loop of await poolLoops(layout)) found.push({ kind: "loop", name: loop });
  return found;
}

/**
 * Removes it all: nodes are ended, their disks and everybody's files stay in the pool. Only for a docklet that does
 * not run. Safe to repeat; throws when something would not go.
 */
export async function removeLeftovers(layout: Layout): Promise<void> {
  const cgroups = detectCgroups();
  const roots = [layout.cgroupRoot, layout.monitorRoot];
  endKeeper(layout);
  await until(
    "processes of nodes to end",
    () => {
      for (const r of roots) if (cgroups.exists(r)) cgroups.freeze(r, false);
      const pids = roots.flatMap((r) => cgroups.processes(r));
      for (const pid of pids) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It went by itself.
        }
      }
      return pids.length === 0;
    },
    { timeoutMs: 20_000, firstMs: 20 },
  );
  await endLxcfs(layout.local);
  const stems = [layout.veth(""), layout.bridge(""), layout.tunnel("")];
  const names = (await links()).map((l) => l.ifname).filter((n) => stems.some((s) => n.startsWith(s)));
  await ipBatch(
    names.map((n) => `link del ${n}`),
    { force: true },
  );
  await removeFirewall(layout.tag);
  for (const base of [layout.live, layout.pool]) {
    // Deepest and newest first; the pool itself must really be gone, or its loop device stays.
    for (const m of listMounts(base).reverse()) if (m.target !== layout.pool) unmount(m.target);
  }
  if (listMounts(layout.pool).length > 0) await run(["umount", layout.pool], { timeoutMs: 60_000 });
  for (const loop of await poolLoops(layout)) await run(["losetup", "-d", loop]);
  for (const root of roots) cgroups.remove(root);
  for (const dir of [layout.live, layout.pool]) if (existsSync(dir)) rmdirSync(dir);
}
