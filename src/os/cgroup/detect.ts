import { existsSync } from "node:fs";
import type { Cgroups } from "./cgroup.ts";
import { CgroupV1 } from "./v1.ts";
import { CgroupV2 } from "./v2.ts";

/** The driver for what the host has mounted; a host with both trees uses the controllers of v1. */
export function detectCgroups(root = "/sys/fs/cgroup"): Cgroups {
  return existsSync(`${root}/cgroup.controllers`) ? new CgroupV2(root) : new CgroupV1(root);
}
