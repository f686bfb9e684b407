import { chmodSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomName } from "../../src/lib/ids.ts";
import { until } from "../../src/lib/retry.ts";
import { detectCgroups } from "../../src/os/cgroup/detect.ts";
import { Layout } from "../../src/worker/layout.ts";
import { command } from "./command.ts";

/**
 * What the first process of a lab host does before it waits for its end. A network namespace shows its links only in a
 * /sys that was mounted in it, and LXC looks for bridges there; the new one has no cgroups, so they are put back.
 */
const BOOT = `
set -eu
hostname "$1"
mount --rbind /sys/fs/cgroup "$2"
mount -t sysfs sysfs /sys
mount --rbind "$2" /sys/fs/cgroup
umount -l "$2"
echo up
exec sleep infinity
`;

export interface HostPlace {
  /** Name of the network namespace. */
  namespace: string;
  name: string;
  address: string;
  prefix: string;
}

/**
 * One machine of a lab: namespaces for network, mounts and host name, and a folder that is its FS_PREFIX. Cgroups, users,
 * the kernel and the time it shares with all others.
 */
export class LabHost {
  readonly tag: string;
  #first: Bun.Subprocess<"ignore", "pipe", "inherit"> | null = null;

  constructor(readonly place: HostPlace) {
    mkdirSync(join(place.prefix, "local"), { recursive: true, mode: 0o711 });
    // LXC must be able to walk to the root file systems below it.
    for (const dir of [place.prefix, join(place.prefix, "local")]) chmodSync(dir, 0o711);
    this.tag = randomName(2);
    writeFileSync(join(place.prefix, "local/tag"), `${this.tag}\n`);
  }

  get name() {
    return this.place.name;
  }
  get address() {
    return this.place.address;
  }
  get prefix() {
    return this.place.prefix;
  }
  get layout() {
    return new Layout(this.prefix, this.tag);
  }

  /** Its network namespace and its cable are there already. */
  async boot(): Promise<void> {
    const aside = join(this.prefix, "cgroup");
    mkdirSync(aside, { recursive: true });
    const unshare = ["unshare", "--mount", "--uts", "--propagation", "private"];
    this.#first = Bun.spawn(
      // A session of its own: an interrupt from the keyboard is for the program that holds the lab.
      [
        "setsid",
        "nsenter",
        `--net=/run/netns/${this.place.namespace}`,
        ...unshare,
        "sh",
        "-c",
        BOOT,
        "lab",
        this.name,
        aside,
      ],
      { stdin: "ignore", stdout: "pipe", stderr: "inherit" },
    );
    const { value } = await this.#first.stdout.getReader().read();
    if (!value) throw new Error(`lab host ${this.name} did not come up`);
  }

  /** argv that runs a command on this host. */
  enter(...argv: string[]): string[] {
    if (!this.#first) throw new Error(`lab host ${this.name} is not up`);
    return ["nsenter", "-t", String(this.#first.pid), "-m", "-n", "-u", "--", ...argv];
  }

  /** Runs a command to its end and answers its stdout; throws unless it succeeds. */
  run(...argv: string[]): Promise<string> {
    return command(this.enter(...argv));
  }

  /** Every process of this host, those inside its nodes included; not the one that holds its namespaces. */
  processes(): number[] {
    if (!this.#first) return [];
    if (this.#first.exitCode !== null || this.#first.signalCode !== null) return this.#inNodes();
    const own = (ns: string) => readlinkSync(`/proc/${this.#first!.pid}/ns/${ns}`);
    const [net, mnt] = [own("net"), own("mnt")];
    const here = readdirSync("/proc").flatMap((pid) => {
      if (!/^\d+$/.test(pid) || Number(pid) === this.#first!.pid) return [];
      try {
        const same = readlinkSync(`/proc/${pid}/ns/net`) === net || readlinkSync(`/proc/${pid}/ns/mnt`) === mnt;
        return same ? [Number(pid)] : [];
      } catch {
        return []; // It ended meanwhile.
      }
    });
    return [...new Set([...here, ...this.#inNodes()])];
  }

  /** As if its power was cut: nobody is told, nothing is put away. Its disk stays. */
  async powerOff(): Promise<void> {
    await until(
      `processes of lab host ${this.name} to end`,
      () => {
        const left = this.processes();
        for (const pid of left) {
          try {
            process.kill(pid, "SIGKILL");
          } catch {
            // It went by itself.
          }
        }
        return left.length === 0;
      },
      { timeoutMs: 20_000, firstMs: 10 },
    );
    for (const root of [this.layout.cgroupRoot, this.layout.monitorRoot]) detectCgroups().remove(root);
    const first = this.#first;
    this.#first = null;
    first?.kill("SIGKILL");
    await first?.exited;
  }

  /** Takes it away, its disk too. */
  async remove(): Promise<void> {
    await this.powerOff();
    // With the last process of its mount namespace went its mounts, and with them its loop devices; the kernel needs a moment.
    await until(
      `the pool of lab host ${this.name} to be let go`,
      async () => (await command(["losetup", "-n", "-O", "NAME", "-j", this.layout.poolFile])).trim() === "",
      { timeoutMs: 20_000, firstMs: 20 },
    );
    rmSync(this.prefix, { recursive: true, force: true });
  }

  #inNodes(): number[] {
    const cgroups = detectCgroups();
    const roots = [this.layout.cgroupRoot, this.layout.monitorRoot];
    return roots.filter((r) => cgroups.exists(r)).flatMap((r) => cgroups.processes(r));
  }

  /** Host pid of the init of a running instance. */
  initPid(instance: string): number {
    return Number(readFileSync(this.seen(join(this.layout.run(instance), "init.pid")), "utf8"));
  }

  /** A path of this host as this process sees it: what is mounted there is mounted nowhere else. */
  seen(path: string): string {
    return `/proc/${this.#first!.pid}/root${path}`;
  }
}
