import { bad, type Finding, info, ok } from "./finding.ts";

/** Commands of the host that docklet runs, and the Debian package of each. */
export const TOOLS = [
  { command: "lxc-start", package: "lxc" },
  { command: "lxc-attach", package: "lxc" },
  { command: "lxcfs", package: "lxcfs" },
  { command: "mkfs.btrfs", package: "btrfs-progs" },
  { command: "btrfs", package: "btrfs-progs" },
  { command: "ip", package: "iproute2" },
  { command: "tc", package: "iproute2" },
  { command: "bridge", package: "iproute2" },
  { command: "iptables-restore", package: "iptables" },
  { command: "ipset", package: "ipset" },
  { command: "nft", package: "nftables" },
  { command: "mmdebstrap", package: "mmdebstrap" },
  { command: "ssh-keygen", package: "openssh-client" },
  { command: "losetup", package: "mount" },
  { command: "unshare", package: "util-linux" },
  { command: "sysctl", package: "procps" },
  { command: "modprobe", package: "kmod" },
  { command: "zstd", package: "zstd" },
] as const;

export function checkTools(tools: Record<string, string | null>): Finding[] {
  const missing = TOOLS.filter((t) => !tools[t.command]);
  if (missing.length === 0) return [ok("host tools", `${TOOLS.length} of ${TOOLS.length}`)];
  const packages = [...new Set(missing.map((t) => t.package))].join(" ");
  return [
    bad(
      "fail",
      "host tools",
      `missing: ${missing.map((t) => t.command).join(" ")}`,
      "all installed",
      `Run \`apt-get install --no-install-recommends ${packages}\`.`,
    ),
  ];
}

export function checkLxc(version: string | null, lxcfs: boolean, lxcBridge: boolean): Finding[] {
  const findings: Finding[] = [];
  if (version !== null) {
    const major = Number(version.split(".")[0]);
    findings.push(
      major >= 5
        ? ok("lxc", version, "5 or newer")
        : bad("fail", "lxc", version, "5 or newer", "Use Debian 12 or 13, or Ubuntu 22.04 or 24.04."),
    );
  }
  findings.push(info("lxcfs", lxcfs ? "mounted" : "not mounted; docklet starts it"));
  if (lxcBridge) {
    findings.push(
      bad(
        "warn",
        "lxcbr0",
        "the bridge of lxc-net exists",
        "absent: docklet makes bridges of its own",
        "If nothing else uses it: `systemctl disable --now lxc-net`.",
      ),
    );
  }
  return findings;
}
