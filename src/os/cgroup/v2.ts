import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crashPoint } from "../crash-point.ts";
import { type Cgroups, type CgroupUse, DEVICES, type Limits } from "./cgroup.ts";
import { childFolders, monitorPath, processesIn, readNumber, removeTree, statField } from "./tree.ts";

const PERIOD_US = 100_000;
const WANTED = ["cpu", "memory", "pids", "io", "cpuset"];

/** cgroup v2: one tree; a controller works in a group only when every group above hands it down. */
export class CgroupV2 implements Cgroups {
  readonly version = 2;

  constructor(private readonly root: string) {}

  #at(path: string, file = ""): string {
    return join(this.root, path, file);
  }

  create(path: string): void {
    const parts = path.split("/");
    for (let i = 1; i <= parts.length; i++) {
      this.#handDown(parts.slice(0, i - 1).join("/"));
      mkdirSync(this.#at(parts.slice(0, i).join("/")), { recursive: true });
      crashPoint("cgroup create");
    }
  }

  #handDown(path: string): void {
    const has = readFileSync(this.#at(path, "cgroup.controllers"), "utf8").trim().split(" ");
    const add = WANTED.filter((c) => has.includes(c)).map((c) => `+${c}`);
    if (add.length > 0) writeFileSync(this.#at(path, "cgroup.subtree_control"), add.join(" "));
  }

  limit(path: string, limits: Limits): void {
    const write = (file: string, value: string | number) => writeFileSync(this.#at(path, file), String(value));
    write("memory.max", limits.memory * 1_048_576);
    if (existsSync(this.#at(path, "memory.swap.max"))) write("memory.swap.max", 0);
    write("cpu.max", `${Math.max(1000, Math.round(limits.cpu * PERIOD_US))} ${PERIOD_US}`);
    // The kernel's own conversion of v1 shares (2…262 144) to a weight (1…10 000).
    write("cpu.weight", Math.min(10_000, Math.max(1, Math.round(1 + ((limits.shares - 2) * 9999) / 262_142))));
    write("pids.max", limits.pids);
    crashPoint("cgroup limit");
  }

  unthrottle(path: string): void {
    const quota = this.#at(path, "cpu.max");
    if (existsSync(quota)) writeFileSync(quota, `max ${PERIOD_US}`);
  }

  use(path: string): CgroupUse {
    const memory = readNumber(this.#at(path, "memory.current"));
    return {
      cpu: statField(this.#at(path, "cpu.stat"), "usage_usec") * 1000,
      memory: Math.max(0, memory - statField(this.#at(path, "memory.stat"), "inactive_file")),
      pids: readNumber(this.#at(path, "pids.current")),
    };
  }

  isFrozen(path: string): boolean {
    const own = this.#at(path, "cgroup.freeze");
    return existsSync(own) && readNumber(own) === 1;
  }

  freezer(path: string): { file: string; frozen: string } {
    return { file: this.#at(path, "cgroup.freeze"), frozen: "1" };
  }

  freeze(path: string, frozen: boolean): void {
    // v2 kills what is frozen, so what a node froze in itself needs no care.
    writeFileSync(this.#at(path, "cgroup.freeze"), frozen ? "1" : "0");
  }

  processes(path: string): number[] {
    return processesIn(this.#at(path), "cgroup.procs");
  }

  remove(path: string): void {
    removeTree(this.#at(path));
  }

  children(path: string): string[] {
    return childFolders(this.#at(path));
  }

  exists(path: string): boolean {
    return existsSync(this.#at(path));
  }

  lxcConfig(path: string): string[] {
    return [
      "lxc.cgroup.relative = 0",
      `lxc.cgroup.dir.container = ${path}/c`,
      `lxc.cgroup.dir.monitor = ${monitorPath(path)}`,
      // v2 has no device files to write: LXC loads the allowlist as a program.
      "lxc.cgroup2.devices.deny = a",
      ...DEVICES.map((d) => `lxc.cgroup2.devices.allow = ${d}`),
    ];
  }
}
