import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crashPoint } from "../crash-point.ts";
import { type Cgroups, type CgroupUse, DEVICES, type Limits } from "./cgroup.ts";
import { childFolders, monitorPath, processesIn, readNumber, removeTree, statField, writeThroughout } from "./tree.ts";

const CONTROLLERS = [
  "cpu",
  "cpuacct",
  "cpuset",
  "memory",
  "devices",
  "freezer",
  "blkio",
  "pids",
  "systemd",
  "unified",
  "net_cls",
  "perf_event",
  "hugetlb",
];
const PERIOD_US = 100_000;

/** cgroup v1: a tree per controller, kept in step. */
export class CgroupV1 implements Cgroups {
  readonly version = 1;
  readonly #controllers: string[];

  constructor(private readonly root: string) {
    this.#controllers = CONTROLLERS.filter((c) => existsSync(join(root, c)));
  }

  #at(controller: string, path: string, file = ""): string {
    return join(this.root, controller, path, file);
  }

  create(path: string): void {
    const parts = path.split("/");
    for (const controller of this.#controllers) {
      for (let i = 1; i <= parts.length; i++) {
        const dir = this.#at(controller, parts.slice(0, i).join("/"));
        if (!existsSync(dir)) {
          mkdirSync(dir);
          crashPoint("cgroup create");
        }
        if (controller === "cpuset") fillCpuset(dir);
      }
    }
    if (parts.length > 1) this.#restrictDevices(path);
  }

  #restrictDevices(path: string): void {
    if (!this.#controllers.includes("devices")) return;
    writeFileSync(this.#at("devices", path, "devices.deny"), "a");
    for (const device of DEVICES) writeFileSync(this.#at("devices", path, "devices.allow"), device);
  }

  limit(path: string, limits: Limits): void {
    const write = (controller: string, file: string, value: number) =>
      writeFileSync(this.#at(controller, path, file), String(value));
    const bytes = limits.memory * 1_048_576;
    const swap = this.#at("memory", path, "memory.memsw.limit_in_bytes");
    // With swap accounting the two limits must never cross: raise the outer one first, lower it last.
    const raising = readNumber(this.#at("memory", path, "memory.limit_in_bytes")) < bytes;
    if (raising && existsSync(swap)) writeFileSync(swap, String(bytes));
    write("memory", "memory.limit_in_bytes", bytes);
    if (!raising && existsSync(swap)) writeFileSync(swap, String(bytes));
    write("cpu", "cpu.cfs_period_us", PERIOD_US);
    write("cpu", "cpu.cfs_quota_us", Math.max(1000, Math.round(limits.cpu * PERIOD_US)));
    write("cpu", "cpu.shares", Math.max(2, limits.shares));
    write("pids", "pids.max", limits.pids);
    crashPoint("cgroup limit");
  }

  unthrottle(path: string): void {
    const quota = this.#at("cpu", path, "cpu.cfs_quota_us");
    if (existsSync(quota)) writeFileSync(quota, "-1");
  }

  use(path: string): CgroupUse {
    const memory = readNumber(this.#at("memory", path, "memory.usage_in_bytes"));
    return {
      cpu: readNumber(this.#at("cpuacct", path, "cpuacct.usage")),
      memory: Math.max(0, memory - statField(this.#at("memory", path, "memory.stat"), "total_inactive_file")),
      pids: readNumber(this.#at("pids", path, "pids.current")),
    };
  }

  isFrozen(path: string): boolean {
    const own = this.#at("freezer", path, "freezer.self_freezing");
    return existsSync(own) && readNumber(own) === 1;
  }

  freezer(path: string): { file: string; frozen: string } {
    return { file: this.#at("freezer", path, "freezer.state"), frozen: "FROZEN" };
  }

  freeze(path: string, frozen: boolean): void {
    const state = frozen ? "FROZEN" : "THAWED";
    const group = this.#at("freezer", path);
    // A node's root can freeze groups of its own, and what is frozen there can't be killed.
    if (frozen) writeFileSync(join(group, "freezer.state"), state);
    // What a crash left half-made may be missing here: nothing in it is frozen then.
    else if (existsSync(group)) writeThroughout(group, "freezer.state", state);
  }

  processes(path: string): number[] {
    return processesIn(this.#at("pids", path), "cgroup.procs");
  }

  remove(path: string): void {
    for (const controller of this.#controllers) removeTree(this.#at(controller, path));
  }

  children(path: string): string[] {
    return childFolders(this.#at("pids", path));
  }

  exists(path: string): boolean {
    return this.#controllers.some((c) => existsSync(this.#at(c, path)));
  }

  lxcConfig(path: string): string[] {
    return [
      "lxc.cgroup.relative = 0",
      `lxc.cgroup.dir.container = ${path}/c`,
      `lxc.cgroup.dir.monitor = ${monitorPath(path)}`,
    ];
  }
}

/** A fresh cpuset is empty and nothing can enter it; a crash may leave it so. LXC's child copies it with clone_children only. */
function fillCpuset(dir: string): void {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    const own = join(dir, file);
    if (existsSync(own) && readFileSync(own, "utf8").trim() !== "") continue;
    writeFileSync(own, readFileSync(join(dir, "..", file), "utf8").trim());
  }
  writeFileSync(join(dir, "cgroup.clone_children"), "1");
}
