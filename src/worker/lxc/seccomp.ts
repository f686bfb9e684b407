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

/** LXC's common profile plus ours, written once; returns its path. */
export function writeSeccomp(layout: Layout): string {
  const base = existsSync(SECCOMP_BASE)
    ? readFileSync(SECCOMP_BASE, "utf8")
    : "2\ndenylist\n[all]\nkexec_load errno 1\nopen_by_handle_at errno 1\ninit_module errno 1\nfinit_module errno 1\ndelete_module errno 1\n";
  const ours = DENIED.map((call) => `${call} errno 38`).join("\n");
  const path = join(layout.live, "seccomp");
  writeFileAtomic(path, `${base.trimEnd()}\n${ours}\n`);
  return path;
}
