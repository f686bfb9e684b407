import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Cgroups } from "../../os/cgroup/cgroup.ts";
import { RANGE } from "../../os/userns.ts";
import type { Layout } from "../layout.ts";

/** Honest numbers in /proc, through plain mount entries: lxcfs' own hook sleeps half a second at every stop. */
const LXCFS = [
  "proc/meminfo",
  "proc/cpuinfo",
  "proc/stat",
  "proc/uptime",
  "proc/loadavg",
  "proc/swaps",
  "proc/diskstats",
  "sys/devices/system/cpu",
];

export const SECCOMP_BASE = "/usr/share/lxc/config/common.seccomp";

/** Dropped even though they only hold inside the node's user namespace: less kernel to attack. */
const DROPPED = ["mac_admin", "mac_override", "sys_time", "sys_module", "sys_rawio", "syslog", "wake_alarm"];

export interface ContainerFacts {
  id: string;
  idBase: number;
  hostname: string;
  init: "systemd" | "simple";
  mac: string;
}

/** The LXC configuration of an instance. Every value is of our own making: ids, paths and a checked host name. */
export function renderConfig(
  layout: Layout,
  cgroups: Cgroups,
  facts: ContainerFacts,
  seccomp: string,
  lxcfs = "/var/lib/lxcfs",
): string {
  const { id } = facts;
  const run = layout.run(id);
  const lines = [
    "lxc.arch = linux64",
    `lxc.uts.name = ${facts.hostname}`,
    `lxc.idmap = u 0 ${facts.idBase} ${RANGE}`,
    `lxc.idmap = g 0 ${facts.idBase} ${RANGE}`,
    `lxc.rootfs.path = dir:${layout.merged(id)}`,
    // No lxc.net.0.link: the host end stays on no bridge, so a warm node has no network at all.
    "lxc.net.0.type = veth",
    "lxc.net.0.name = eth0",
    `lxc.net.0.veth.pair = ${layout.veth(id)}`,
    `lxc.net.0.hwaddr = ${facts.mac}`,
    "lxc.net.0.flags = up",
    "lxc.apparmor.profile = unconfined",
    "lxc.apparmor.allow_incomplete = 1",
    `lxc.seccomp.profile = ${seccomp}`,
    `lxc.cap.drop = ${DROPPED.join(" ")}`,
    "lxc.init.cmd = /sbin/init",
    "lxc.console.path = none",
    "lxc.tty.max = 0",
    "lxc.pty.max = 1024",
    "lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed",
    "lxc.mount.entry = tmpfs run tmpfs rw,nosuid,nodev,mode=755,size=64m 0 0",
    "lxc.mount.entry = tmpfs dev/shm tmpfs rw,nosuid,nodev,mode=1777,create=dir 0 0",
    `lxc.mount.entry = ${layout.identity(id)} run/docklet none bind,create=dir 0 0`,
    // No create=dir in what a tenant can rearrange: LXC would follow a link put there to make it, out on the host.
    `lxc.mount.entry = ${layout.homeSlot(id)} root/nfs none rbind,rslave 0 0`,
    ...LXCFS.filter((p) => existsSync(join(lxcfs, p))).map(
      (p) => `lxc.mount.entry = ${join(lxcfs, p)} ${p} none bind,optional 0 0`,
    ),
    ...cgroups.lxcConfig(layout.cgroup(id)),
    "lxc.hook.version = 1",
    `lxc.hook.start-host = ${layout.hook} up ${run} ${id}`,
    `lxc.hook.post-stop = ${layout.hook} down ${run} ${id}`,
  ];
  // Orders are checked where they come in; this is the last door before LXC's own privileges.
  const broken = lines.find((l) => /[\r\n\0]/.test(l));
  if (broken !== undefined)
    throw new Error(`a value of the container's configuration is not one line: ${JSON.stringify(broken)}`);
  return `${lines.join("\n")}\n`;
}
