import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cgroupFacts } from "./cgroups.ts";
import { collectFacts, type Facts } from "./facts.ts";
import { failed } from "./finding.ts";
import { check } from "./preflight.ts";
import { applySysctls, sysctlNames, withSysctls } from "./sysctls.ts";
import { TOOLS } from "./tools.ts";

const good: Facts = {
  uid: 0,
  arch: "x64",
  release: "6.1.0-25-amd64",
  distro: "Debian GNU/Linux 12 (bookworm)",
  systemd: true,
  container: null,
  apparmor: true,
  filesystems: ["ext4", "overlay", "btrfs", "fuse"],
  userNamespaces: { present: true, max: 95_000 },
  cgroups: { mode: "v2", controllers: ["cpuset", "cpu", "io", "memory", "pids"] },
  loopControl: true,
  sysctls: Object.fromEntries(sysctlNames().map((k) => [k, 10_000_000])),
  tools: Object.fromEntries(TOOLS.map((t) => [t.command, `/usr/bin/${t.command}`])),
  lxcVersion: "5.0.2",
  lxcfs: true,
  lxcBridge: false,
  probes: { veth: null, bridge: null, vxlan: null, iptables: null, ipset: null, nftables: null },
  idmap: null,
  memoryMiB: 8000,
  diskFreeMiB: 50_000,
  installed: false,
  now: Date.UTC(2026, 5, 1),
  packagesChangedAt: Date.UTC(2026, 4, 1),
  listening: [22],
  tunnelPortFree: true,
  running: false,
};
const input = { prefix: "/opt/docklet", ports: [{ key: "NGINX_PORT", port: 8080 }] };
const found = (over: Partial<Facts>, name: string) => check({ ...good, ...over }, input).find((f) => f.name === name);

describe("checks", () => {
  test("a good host has nothing to mend", () => {
    expect(check(good, input).filter((f) => f.status === "warn" || f.status === "fail")).toEqual([]);
  });

  const cases: [string, Partial<Facts>, string, "warn" | "fail"][] = [
    ["old kernel", { release: "5.15.0-100-generic" }, "kernel", "fail"],
    ["kernel 5.19 is enough but 5.18 is not", { release: "5.18.9" }, "kernel", "fail"],
    ["32-bit machine", { arch: "arm" }, "architecture", "fail"],
    ["no root", { uid: 1000 }, "user", "fail"],
    ["no overlay", { filesystems: ["btrfs", "fuse"] }, "file system overlay", "fail"],
    ["user namespaces off", { userNamespaces: { present: true, max: 0 } }, "user namespaces", "fail"],
    ["no loop devices", { loopControl: false }, "loop devices", "fail"],
    ["no cgroups", { cgroups: { mode: "none", controllers: [] } }, "cgroups", "fail"],
    ["v2 without memory", { cgroups: { mode: "v2", controllers: ["cpu", "pids"] } }, "cgroups", "fail"],
    ["a first process below the top", { cgroups: { ...good.cgroups, below: "/user.slice" } }, "cgroups", "fail"],
    ["inside a container", { container: "docker" }, "nesting", "warn"],
    ["old lxc", { lxcVersion: "4.0.12" }, "lxc", "fail"],
    ["lxc-net's bridge", { lxcBridge: true }, "lxcbr0", "warn"],
    ["no vxlan", { probes: { ...good.probes, vxlan: "Unknown device type" } }, "vxlan", "fail"],
    ["no idmapped mounts", { idmap: "mount_setattr: EINVAL" }, "idmapped overlay", "warn"],
    ["no forwarding", { sysctls: { "net.ipv4.ip_forward": 0 } }, "net.ipv4.ip_forward", "fail"],
    ["few keys", { sysctls: { "kernel.keys.maxkeys": 200 } }, "kernel.keys.maxkeys", "warn"],
    ["little memory", { memoryMiB: 1500 }, "memory", "warn"],
    ["hardly any memory", { memoryMiB: 512 }, "memory", "fail"],
    ["little disk", { diskFreeMiB: 5000 }, "disk", "warn"],
    ["no disk for an image", { diskFreeMiB: 2000 }, "disk", "fail"],
    ["clock of 1970", { now: 0 }, "clock", "fail"],
    ["portal's port taken", { listening: [8080] }, "port 8080", "fail"],
  ];
  test.each(cases)("%s", (_, over, name, status) => {
    const f = found(over, name);
    expect(f?.status).toBe(status);
    expect(f?.remedy).not.toBe("");
    expect(failed(check({ ...good, ...over }, input))).toBe(status === "fail");
  });

  test("a missing tool names its package once", () => {
    const f = found({ tools: { ...good.tools, "lxc-start": null, "lxc-attach": null } }, "host tools");
    expect(f?.remedy).toContain("install --no-install-recommends lxc`");
  });

  test("a port that docklet itself holds is fine", () => {
    expect(found({ listening: [8080], running: true }, "port 8080")?.status).toBe("ok");
  });

  test("an installed host needs less free disk than a new one", () => {
    expect(found({ diskFreeMiB: 2000, installed: true }, "disk")?.status).toBe("warn");
  });

  test("a sysctl that the kernel does not have is not asked for", () => {
    expect(found({ sysctls: { "kernel.keys.maxkeys": null } }, "kernel.keys.maxkeys")).toBeUndefined();
  });
});

describe("reading the host", () => {
  test("cgroup v1, v2 and hybrid trees", () => {
    const proc = "#subsys_name\thierarchy\nmemory\t1\t1\t1\npids\t2\t1\t1\n";
    const v1 =
      "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0";
    expect(cgroupFacts(v1, proc, "")).toEqual({ mode: "v1", controllers: ["memory"] });
    const v2 = "none /sys/fs/cgroup cgroup2 rw,nosuid 0 0";
    expect(cgroupFacts(v2, proc, "cpu memory pids\n")).toEqual({ mode: "v2", controllers: ["cpu", "memory", "pids"] });
    expect(cgroupFacts("", proc, "").mode).toBe("none");
  });

  test("where the first process is: at the top, or where systemd puts itself", () => {
    const below = (first: string) => cgroupFacts("", "", "", first).below;
    expect(below("4:memory:/\n1:name=systemd:/init.scope\n0::/\n")).toBeUndefined();
    expect(below("0::/init.scope\n")).toBeUndefined();
    expect(below("4:memory:/docker/ab12\n1:cpu:/\n")).toBe("/docker/ab12");
    expect(below("0::/user.slice/a.scope\n")).toBe("/user.slice/a.scope");
  });

  test("this very host can be read", async () => {
    const f = await collectFacts(input);
    expect(f.release).toMatch(/^\d+\.\d+/);
    expect(f.memoryMiB).toBeGreaterThan(0);
    expect(f.diskFreeMiB).toBeGreaterThan(0);
  });
});

describe("sysctl file", () => {
  test("keeps foreign lines, replaces own ones, is stable", () => {
    const once = withSysctls("# mine\nvm.swappiness = 10\nkernel.keys.maxkeys = 5\n", [
      { key: "kernel.keys.maxkeys", value: 2000 },
      { key: "vm.max_map_count", value: 7 },
    ]);
    expect(once).toBe("# mine\nvm.swappiness = 10\nkernel.keys.maxkeys = 2000\nvm.max_map_count = 7\n");
    expect(withSysctls(once, [{ key: "vm.max_map_count", value: 7 }])).toBe(once);
  });

  test("sets the value now and for later boots", () => {
    const dir = mkdtempSync(join(tmpdir(), "docklet-sysctl-"));
    try {
      mkdirSync(join(dir, "proc/vm"), { recursive: true });
      writeFileSync(join(dir, "proc/vm/max_map_count"), "1");
      applySysctls([{ key: "vm.max_map_count", value: 9 }], join(dir, "60.conf"), join(dir, "proc"));
      expect(readFileSync(join(dir, "proc/vm/max_map_count"), "utf8")).toBe("9\n");
      expect(readFileSync(join(dir, "60.conf"), "utf8")).toContain("vm.max_map_count = 9");
      expect(() => applySysctls([{ key: "no.such", value: 1 }], join(dir, "x"), join(dir, "proc"))).toThrow("no.such");
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
