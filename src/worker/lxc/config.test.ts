import { expect, test } from "bun:test";
import { CgroupV1 } from "../../os/cgroup/v1.ts";
import { CgroupV2 } from "../../os/cgroup/v2.ts";
import { Layout } from "../layout.ts";
import { type ContainerFacts, renderConfig } from "./config.ts";

const layout = new Layout("/opt/docklet", "ab");
const facts: ContainerFacts = {
  id: "abcdef",
  idBase: 1_065_536,
  hostname: "host-0",
  init: "systemd",
  mac: "02:00:ac:10:00:02",
};
const render = (more: Partial<ContainerFacts> = {}, cgroups = new CgroupV1("/nowhere")) =>
  renderConfig(layout, cgroups, { ...facts, ...more }, "/opt/docklet/local/live/seccomp", "/nowhere");

test("the configuration of a node", () => {
  expect(render()).toMatchInlineSnapshot(`
    "lxc.arch = linux64
    lxc.uts.name = host-0
    lxc.idmap = u 0 1065536 65536
    lxc.idmap = g 0 1065536 65536
    lxc.rootfs.path = dir:/opt/docklet/local/live/abcdef/merged
    lxc.net.0.type = veth
    lxc.net.0.name = eth0
    lxc.net.0.veth.pair = dkabnabcdef
    lxc.net.0.hwaddr = 02:00:ac:10:00:02
    lxc.net.0.flags = up
    lxc.apparmor.profile = unconfined
    lxc.apparmor.allow_incomplete = 1
    lxc.seccomp.profile = /opt/docklet/local/live/seccomp
    lxc.cap.drop = mac_admin mac_override sys_time sys_module sys_rawio syslog wake_alarm
    lxc.init.cmd = /sbin/init
    lxc.console.path = none
    lxc.tty.max = 0
    lxc.pty.max = 1024
    lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed
    lxc.mount.entry = tmpfs run tmpfs rw,nosuid,nodev,mode=755,size=64m 0 0
    lxc.mount.entry = tmpfs dev/shm tmpfs rw,nosuid,nodev,mode=1777,create=dir 0 0
    lxc.mount.entry = /opt/docklet/local/live/abcdef/id run/docklet none bind,create=dir 0 0
    lxc.mount.entry = /opt/docklet/local/live/abcdef/home root/nfs none rbind,rslave 0 0
    lxc.cgroup.relative = 0
    lxc.cgroup.dir.container = docklet-ab/abcdef/c
    lxc.cgroup.dir.monitor = docklet-ab-mon/abcdef
    lxc.hook.version = 1
    lxc.hook.start-host = /opt/docklet/local/live/hook.sh up /opt/docklet/local/live/abcdef abcdef
    lxc.hook.post-stop = /opt/docklet/local/live/hook.sh down /opt/docklet/local/live/abcdef abcdef
    "
  `);
});

test("on cgroup v2 the devices are in it", () => {
  const lines = render({}, new CgroupV2("/nowhere") as never).split("\n");
  expect(lines.filter((l) => l.startsWith("lxc.cgroup2.devices"))[0]).toBe("lxc.cgroup2.devices.deny = a");
});

test("nothing that makes a node privileged or lets it out", () => {
  const text = render();
  expect(text).not.toMatch(
    /lxc\.include|lxc\.net\.0\.link|lxc\.apparmor\.profile = generated|nesting|mount\.auto = .*:rw/,
  );
  const maps = text.match(/^lxc\.idmap = .*$/gm)!;
  expect(maps).toEqual(["lxc.idmap = u 0 1065536 65536", "lxc.idmap = g 0 1065536 65536"]);
  // What a tenant can rearrange is never made by LXC: only below /run and /dev, which are fresh.
  for (const m of text.match(/^lxc\.mount\.entry = .*create=.*$/gm) ?? [])
    expect(m.split(" ")[3]).toMatch(/^(run|dev)\//);
});

test("no value can begin a line of its own", () => {
  for (const evil of ["x\nlxc.hook.start-host = /bin/sh", "x\r", "a\0b"]) {
    for (const more of [{ hostname: evil }, { mac: evil }, { id: evil }])
      expect(() => render(more)).toThrow("one line");
  }
});

test("every line is a key and a value", () => {
  for (const line of render().trimEnd().split("\n")) expect(line).toMatch(/^lxc\.[a-z0-9._-]+ = \S/);
});
