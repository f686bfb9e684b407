import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { WORKER_SOCKET } from "../contracts/worker-status.ts";
import { DockletError } from "../lib/errors.ts";
import { randomName } from "../lib/ids.ts";
import { writeFileAtomic } from "../os/files.ts";
import { isMounted } from "../os/mounts.ts";
import { commandLine } from "../os/procfs.ts";
import { openSpare } from "../os/space.ts";

/** The folder FS_PREFIX/local: what belongs to this host's docklet alone. */
export class Installation {
  constructor(readonly prefix: string) {}

  get local() {
    return join(this.prefix, "local");
  }
  get pidFile() {
    return join(this.local, "run", "docklet.pid");
  }
  get socket() {
    return join(this.local, "run", "docklet.sock");
  }
  /** Of a host without the portal. */
  get workerSocket() {
    return join(this.prefix, WORKER_SOCKET);
  }
  get passwordFile() {
    return join(this.local, "generated_password.txt");
  }
  /** Disk space to be given up by a docklet that is started while there is none. */
  get spareFile() {
    return join(this.local, "spare");
  }
  /** Keys and certificates of this host, and of the cluster's authority on the master's. */
  get identity() {
    return join(this.local, "identity");
  }
  /** Sockets that lead to nodes on other hosts. */
  get relays() {
    return join(this.local, "run", "relay");
  }
  database = (wing: string) => join(this.local, `${wing}.db`);
  log = (role: string) => join(this.local, "log", `docklet-${role}.log`);

  /** Makes the folders. LXC must be able to walk through local/; nobody but root looks into anything there. */
  prepare(): void {
    mkdirSync(this.local, { recursive: true, mode: 0o711 });
    openSpare(this.spareFile, this.local);
    chmodSync(this.local, 0o711);
    for (const dir of ["run", "log"]) mkdirSync(join(this.local, dir), { recursive: true, mode: 0o700 });
    const shared = join(this.prefix, "global");
    // A shared file system that is mounted there may not answer: whoever touches it then hangs.
    if (!isMounted(shared)) mkdirSync(shared, { recursive: true, mode: 0o711 });
  }

  /** Two letters that mark everything this installation makes in the kernel. Made once, at the first start. */
  tag(): string {
    const file = join(this.local, "tag");
    if (existsSync(file)) {
      const tag = readFileSync(file, "utf8").trim();
      if (!/^[a-z][a-z0-9]$/.test(tag))
        throw new DockletError(
          "invalid",
          `${file} does not hold two letters.`,
          "Restore it from a backup: it names this installation's bridges, cgroups and rules.",
        );
      return tag;
    }
    const tag = randomName(2);
    writeFileAtomic(file, `${tag}\n`);
    return tag;
  }

  /** Pid of the docklet that runs from this folder, or null. */
  runningPid(): number | null {
    const pid = this.#writtenPid();
    // A pid from before a reboot may be anybody's by now.
    return pid !== null && pid !== process.pid && isServing(commandLine(pid) ?? "") ? pid : null;
  }

  /** Takes the folder for this process. Throws `conflict` when another docklet has it. */
  claim(): void {
    const own = `${this.pidFile}.${process.pid}`;
    writeFileSync(own, `${process.pid}\n`, { mode: 0o644 });
    try {
      while (!this.#link(own)) {
        const other = this.runningPid();
        if (other !== null)
          throw new DockletError(
            "conflict",
            `docklet is already running from ${this.prefix} (pid ${other}).`,
            "Stop that one first, or give this one another FS_PREFIX.",
          );
        rmSync(this.pidFile, { force: true });
      }
    } finally {
      rmSync(own, { force: true });
    }
    // A socket left by a killed docklet would make listening fail.
    for (const path of [this.socket, this.workerSocket])
      if (existsSync(path) && statSync(path).isSocket()) unlinkSync(path);
  }

  release(): void {
    if (this.#writtenPid() === process.pid) rmSync(this.pidFile, { force: true });
  }

  /** Of two that start at once one gets the name, with its pid in the file from the beginning. */
  #link(own: string): boolean {
    try {
      linkSync(own, this.pidFile);
      return true;
    } catch (e) {
      if ((e as { code?: string }).code === "EEXIST") return false;
      throw e;
    }
  }

  #writtenPid(): number | null {
    try {
      const pid = Number(readFileSync(this.pidFile, "utf8"));
      return Number.isInteger(pid) && pid > 0 ? pid : null;
    } catch {
      return null;
    }
  }
}

/** `docklet serve`, by whatever name the executable goes, and the same from its sources. */
function isServing(command: string): boolean {
  const words = command.split(" ");
  const program = words.slice(0, 3).findIndex((w) => /^(docklet[\w.-]*|main\.ts)$/.test(basename(w)));
  return program !== -1 && words.includes("serve", program + 1);
}
