import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ARCHIVES } from "./bare-root.ts";

export interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const AUTHORITIES = "/usr/local/share/ca-certificates";

/** A command that hangs ends, and its test fails, before the whole run does. */
const LIMIT_MS = 500_000;

/**
 * A bare machine without systemd: a mount and a process namespace around an overlay of `lowers` (topmost first).
 * Everything in it ends with its first process, and that one ends with us. The network is the host's.
 */
export class Machine {
  private constructor(
    private readonly keeper: Bun.Subprocess<"ignore", "pipe", "pipe">,
    private readonly pid: number,
    readonly folder: string,
  ) {}

  static async start(lowers: string[]): Promise<Machine> {
    // Not on a file system that is an overlay itself: those can't be upper layers.
    const folder = mkdtempSync("/var/tmp/docklet-machine-");
    for (const d of ["upper", "work", "root"]) mkdirSync(join(folder, d));
    const inside = [
      "set -e",
      `cd ${folder}`,
      `mount -t overlay docklet-test -o lowerdir=${lowers.join(":")},upperdir=upper,workdir=work,volatile root`,
      "mount --rbind /dev root/dev",
      "mount --rbind /sys root/sys",
      "mount -t proc proc root/proc",
      "mount -t tmpfs -o mode=755 tmpfs root/run",
      "mount -t tmpfs -o mode=1777 tmpfs root/tmp",
      `mkdir -p root/var/cache/apt/archives`,
      `mount --bind ${ARCHIVES} root/var/cache/apt/archives`,
      // The first process of a machine is in the top cgroups: LXC counts from there.
      "for d in /sys/fs/cgroup/*/; do [ ! -w $d/cgroup.procs ] || echo $$ >$d/cgroup.procs; done",
      // Not chroot: a process behind one can't make user namespaces, and so no nodes.
      "mkdir root/.host && cd root && pivot_root . .host && umount -l .host && rmdir .host",
      // The first process also collects the children of those who ended before them.
      "exec chroot . /bin/sh -c 'echo up; while :; do sleep 600 & wait; done'",
    ].join("\n");
    const keeper = Bun.spawn(
      ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "sh", "-c", inside],
      { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { PATH } },
    );
    const { value } = await keeper.stdout.getReader().read();
    if (!value) throw new Error(`the machine did not start: ${await new Response(keeper.stderr).text()}`);
    const pid = Number(readFileSync(`/proc/${keeper.pid}/task/${keeper.pid}/children`, "utf8").trim());
    const machine = new Machine(keeper, pid, folder);
    rmSync(machine.path("/etc/resolv.conf"), { force: true });
    copyFileSync("/etc/resolv.conf", machine.path("/etc/resolv.conf"));
    // Authorities that this network has of its own.
    if (existsSync(AUTHORITIES)) cpSync(AUTHORITIES, machine.path(AUTHORITIES), { recursive: true });
    return machine;
  }

  /** A path of the machine as this process sees it. */
  path(inside: string): string {
    return `/proc/${this.pid}/root${inside}`;
  }

  /** Runs a line of shell as root of the machine, with nothing but `env` in its environment. */
  async sh(line: string, env: Record<string, string> = {}): Promise<Said> {
    const child = this.spawn(line, env);
    const late = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    clearTimeout(late);
    return { code, stdout, stderr };
  }

  spawn(line: string, env: Record<string, string> = {}): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    return Bun.spawn(
      [
        "nsenter",
        `--target=${this.pid}`,
        "--mount",
        "--pid",
        "--root",
        `--wd=/proc/${this.pid}/root`,
        "/bin/sh",
        "-c",
        line,
      ],
      {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
        env: { PATH, HOME: "/root", LC_ALL: "C.UTF-8", ...env },
      },
    );
  }

  /** What was written in the machine, to be a layer of others. The machine is over, the folder stays. */
  async freeze(): Promise<string> {
    await this.end();
    return join(this.folder, "upper");
  }

  /** Its first process takes all others along; `unshare` collects it and is gone then, and so are the mounts. */
  async end(): Promise<void> {
    if (this.keeper.exitCode === null) process.kill(this.pid, "SIGKILL");
    await this.keeper.exited;
  }

  async remove(): Promise<void> {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
