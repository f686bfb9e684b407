import type { Facts } from "./facts.ts";
import { bad, type Finding, info, ok } from "./finding.ts";

/** Overlay with idmapped lower layers came with 5.19. */
const KERNEL = [5, 19] as const;

export function checkKernel(f: Facts): Finding[] {
  const [major = 0, minor = 0] = f.release.split(/[.-]/).map(Number);
  const new_ = major > KERNEL[0] || (major === KERNEL[0] && minor >= KERNEL[1]);
  const findings: Finding[] = [
    new_
      ? ok("kernel", f.release, "5.19 or newer")
      : bad("fail", "kernel", f.release, "5.19 or newer", "Ubuntu 22.04: install linux-generic-hwe-22.04 and reboot."),
    ["x64", "arm64"].includes(f.arch)
      ? ok("architecture", f.arch)
      : bad("fail", "architecture", f.arch, "x64 or arm64", "Use another machine."),
    f.uid === 0
      ? ok("user", "root")
      : bad("fail", "user", `uid ${f.uid}`, "root", "Run it with sudo: some of the checks below need it, too."),
  ];
  for (const fs of ["overlay", "btrfs", "fuse"]) {
    findings.push(
      f.filesystems.includes(fs)
        ? ok(`file system ${fs}`, "known to the kernel")
        : bad("fail", `file system ${fs}`, "unknown to the kernel", "known", "Use the distribution's own kernel.", {
            kind: "module",
            module: fs,
          }),
    );
  }
  findings.push(
    f.userNamespaces.present && f.userNamespaces.max !== 0
      ? ok("user namespaces", "available")
      : bad("fail", "user namespaces", "switched off", "available", "Set user.max_user_namespaces above 0."),
    f.loopControl
      ? ok("loop devices", "available")
      : bad(
          "fail",
          "loop devices",
          "no /dev/loop-control",
          "available, for STORAGE=file",
          "Run `modprobe loop`, or use STORAGE=disk.",
          { kind: "module", module: "loop" },
        ),
    info("AppArmor", f.apparmor ? "enabled" : "not in this kernel; docklet does not rely on it"),
    info("init", f.systemd ? "systemd" : "not systemd: docklet runs without a unit"),
  );
  if (f.container) {
    findings.push(
      bad(
        "warn",
        "nesting",
        `this host is itself a container (${f.container})`,
        "a real or a virtual machine",
        "It needs its own cgroup subtree, loop devices and the right to mount; expect limits.",
      ),
    );
  }
  return findings;
}
