/**
 * What systemd shall not start in a node. sys-kernel-debug.mount would fail there; the rest is hardware, disks,
 * consoles and periodic work that a node has no use for: userspace is up in half the time and a boot
 * writes almost nothing. Names that an image does not have do no harm.
 */
export const MASKED_UNITS = [
  ...["sys-kernel-debug", "sys-kernel-tracing", "sys-kernel-config", "dev-hugepages", "dev-mqueue"].map(
    (m) => `${m}.mount`,
  ),
  ...["proc-sys-fs-binfmt_misc.automount", "proc-sys-fs-binfmt_misc.mount", "sys-fs-fuse-connections.mount"],
  ...[
    "modules-load",
    "pstore",
    "firstboot",
    "repart",
    "pcrphase",
    "pcrphase-sysinit",
    "random-seed",
    "remount-fs",
    "binfmt",
    "sysctl",
  ].map((s) => `systemd-${s}.service`),
  ...["update-utmp", "update-utmp-runlevel", "logind", "machine-id-commit", "journal-flush", "sysusers"].map(
    (s) => `systemd-${s}.service`,
  ),
  ...["udevd", "udev-trigger", "udev-settle", "networkd", "networkd-wait-online", "resolved", "timesyncd"].map(
    (s) => `systemd-${s}.service`,
  ),
  ...[
    "hwdb-update",
    "hibernate-resume",
    "tpm2-setup",
    "tpm2-setup-early",
    "pcrmachine",
    "boot-random-seed",
    "network-generator",
  ].map((s) => `systemd-${s}.service`),
  ...[
    "systemd-udevd-kernel.socket",
    "systemd-udevd-control.socket",
    "systemd-networkd.socket",
    "systemd-rfkill.socket",
  ],
  ...["systemd-ask-password-console.path", "systemd-ask-password-wall.path", "systemd-tmpfiles-clean.timer"],
  ...["kmod-static-nodes.service", "modprobe@.service", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer"],
  ...[
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "man-db.timer",
    "motd-news.timer",
    "logrotate.timer",
  ],
  ...["getty.target", "console-getty.service", "getty@tty1.service", "container-getty@.service"],
  ...["cryptsetup.target", "integritysetup.target", "veritysetup.target", "remote-fs.target"],
  ...["NetworkManager.service", "NetworkManager-wait-online.service", "networking.service", "ssh.socket"],
  // What Ubuntu adds.
  ...[
    "apparmor.service",
    "ufw.service",
    "multipathd.service",
    "multipathd.socket",
    "unattended-upgrades.service",
    "apport.service",
  ],
  ...[
    "snapd.service",
    "snapd.socket",
    "snapd.seeded.service",
    "ua-timer.timer",
    "update-notifier-download.timer",
    "fwupd-refresh.timer",
  ],
];

/** Programs that make units at boot, out of things that a node does not have. The one for old init scripts stays. */
export const MASKED_GENERATORS = [
  ...[
    "bless-boot",
    "cryptsetup",
    "debug",
    "fstab",
    "getty",
    "gpt-auto",
    "hibernate-resume",
    "integritysetup",
    "rc-local",
  ].map((g) => `systemd-${g}-generator`),
  ...["run", "system-update", "veritysetup", "tpm2", "ssh", "import", "factory-reset"].map(
    (g) => `systemd-${g}-generator`,
  ),
  ...[
    "lvm2-activation-generator",
    "snapd-generator",
    "friendly-recovery",
    "netplan",
    "cloud-init-generator",
    "ds-identify",
    "openvpn-generator",
  ],
  ...["sshd-socket-generator"],
];
