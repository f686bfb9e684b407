import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../os/files.ts";
import type { Layout } from "../layout.ts";
import { SECCOMP_BASE } from "./config.ts";

/** System calls that a cluster node has no use for and that kernel attacks start from, besides LXC's own list. */
const DENIED = [
  "keyctl",
  "add_key",
  "request_key",
  "userfaultfd",
  "perf_event_open",
  "bpf",
  "io_uring_setup",
  "io_uring_enter",
  "io_uring_register",
];

/**
 * Making a subvolume needs no privilege, and a new one has no quota: ~/nfs is btrfs itself, so its owner could fill
 * the pool. The kernel reads 32 bits of the request and so does the filter: higher ones must not hide it.
 */
const SUBVOLUME_REQUESTS = [0x50009401, 0x5000940e, 0x50009417, 0x50009418];
const whole32 = (index: number, value: number) => `[${index},${value},SCMP_CMP_MASKED_EQ,0xffffffff]`;

/**
 * AF_VSOCK knows no network namespace: it would reach the hypervisor, and what listens on the host. LXC can filter
 * no socket call of the 32-bit x86 ABI, so there this is open.
 */
const AF_VSOCK = 40;

const FILTERED = [
  // The kernel's log tells of the host and of all its tenants.
  "syslog errno 1",
  ...SUBVOLUME_REQUESTS.map((request) => `ioctl errno 1 ${whole32(1, request)}`),
  `socket errno 97 ${whole32(0, AF_VSOCK)}`,
];

/** LXC's common profile plus ours, written once; returns its path. */
export function writeSeccomp(layout: Layout): string {
  const base = existsSync(SECCOMP_BASE)
    ? readFileSync(SECCOMP_BASE, "utf8")
    : "2\ndenylist\n[all]\nkexec_load errno 1\nopen_by_handle_at errno 1\ninit_module errno 1\nfinit_module errno 1\ndelete_module errno 1\n";
  const ours = DENIED.map((call) => `${call} errno 38`).join("\n");
  const path = join(layout.live, "seccomp");
  writeFileAtomic(path, `${base.trimEnd()}\n${ours}\n${FILTERED.join("\n")}\n`);
  return path;
}
