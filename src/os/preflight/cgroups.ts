import { bad, type Finding, ok } from "./finding.ts";

export interface CgroupFacts {
  /** `v2`: one unified tree; `v1`: a tree a controller (a v2 tree beside it may exist); `none`. */
  mode: "v1" | "v2" | "none";
  controllers: string[];
  /** Group of the system's first process that is not the top one; left out: it is. */
  below?: string;
}

const NEEDED = {
  v1: ["cpu", "cpuset", "memory", "devices", "freezer", "blkio", "pids"],
  v2: ["cpu", "memory", "pids"],
};

/** Which cgroup tree is mounted and what it can limit, from /proc/mounts and cgroup.controllers. */
export function cgroupFacts(
  mounts: string,
  procCgroups: string,
  rootControllers: string,
  firstProcess = "",
): CgroupFacts {
  const found = mountedCgroups(mounts, procCgroups, rootControllers);
  // systemd sits in init.scope, and LXC knows that.
  const below = [...firstProcess.matchAll(/^\d+:[^:]*:(\/.+)$/gm)].map((m) => m[1]!);
  const displaced = below.find((group) => group !== "/init.scope");
  return displaced === undefined ? found : { ...found, below: displaced };
}

function mountedCgroups(mounts: string, procCgroups: string, rootControllers: string): CgroupFacts {
  const rows = mounts.split("\n").map((l) => l.split(" "));
  if (rows.some((r) => r[1] === "/sys/fs/cgroup" && r[2] === "cgroup2")) {
    return { mode: "v2", controllers: rootControllers.split(/\s+/).filter(Boolean) };
  }
  const known = procCgroups
    .split("\n")
    .filter((l) => l && !l.startsWith("#"))
    .map((l) => l.split("\t")[0]!);
  const mounted = rows.filter((r) => r[2] === "cgroup").flatMap((r) => (r[3] ?? "").split(","));
  const controllers = known.filter((c) => mounted.includes(c));
  return controllers.length ? { mode: "v1", controllers } : { mode: "none", controllers: [] };
}

export function checkCgroups(c: CgroupFacts): Finding {
  if (c.mode === "none") {
    return bad(
      "fail",
      "cgroups",
      "no cgroup tree is mounted",
      "cgroup v2, or v1 with its controllers",
      "Mount one: `mount -t cgroup2 none /sys/fs/cgroup`.",
    );
  }
  if (c.below !== undefined) {
    return bad(
      "fail",
      "cgroups",
      `the first process is in ${c.below}`,
      "the first process in the top group",
      "LXC counts from there, and limits would not hold. Run docklet on the machine itself, or in a container with a cgroup namespace of its own.",
    );
  }
  const missing = NEEDED[c.mode].filter((n) => !c.controllers.includes(n));
  const found = `${c.mode}: ${c.controllers.join(" ")}`;
  const need = NEEDED[c.mode].join(" ");
  if (missing.length === 0) return ok("cgroups", found, need);
  return bad(
    "fail",
    "cgroups",
    `${found} (without ${missing.join(" ")})`,
    need,
    `Switch the missing controllers on: no \`cgroup_disable=\` on the kernel's command line; memory may need \`cgroup_enable=memory\`.`,
  );
}
