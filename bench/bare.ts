import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSubvolume, deleteSubvolume } from "../src/os/btrfs.ts";
import { idmappedBind, idmappedOverlay, unmount } from "../src/os/mounts.ts";
import { mapNamespace, RANGE } from "../src/os/userns.ts";
import { birth } from "../src/worker/nodes/keys.ts";
import { command } from "./command.ts";
import { atEnd } from "./ending.ts";
import type { Lab } from "./lab.ts";

/** Above every range that docklet gives out. */
const FIRST_ID = 4_100_000_000;
export const BRIDGE = "dkbench0";
/** Without newuidmap on its PATH, lxc-start run by root writes the id map itself. */
const LXC_PATH = "/usr/sbin:/sbin";

export interface BareNode {
  index: number;
  address: string;
  slug: string;
  token: string;
}

/**
 * The floor: the same layers, overlay, id map and LXC, started by hand. No daemon, no API, no state, no limits
 * beyond memory and pids, no firewall; what is left is what the kernel and LXC take.
 */
export class Bare {
  readonly #nodes = new Set<number>();
  readonly #remove: () => Promise<void>;

  private constructor(
    readonly folder: string,
    readonly disk: string,
    /** First three numbers of its addresses: the last /24 of the lab's own network, which docklet would give out last. */
    readonly net: string,
    private readonly lowers: string[],
    private readonly authorizedKey: string,
  ) {
    this.#remove = atEnd(() => this.#clear());
  }

  static async open(lab: Lab, image: string, authorizedKey = ""): Promise<Bare> {
    const disk = join(lab.docklet.prefix, "local/pool/nodes/bench");
    await createSubvolume(disk);
    const folder = mkdtempSync(join(tmpdir(), "docklet-bench-"));
    chmodSync(folder, 0o711);
    mkdirSync(join(folder, "lxc"), { mode: 0o711 });
    const net = `${String(lab.docklet.settings.CLUSTER_NET).split(".").slice(0, 2).join(".")}.255`;
    const bare = new Bare(folder, disk, net, lab.layers(image), authorizedKey);
    await command(["ip", "link", "add", BRIDGE, "type", "bridge", "forward_delay", "0", "stp_state", "0"]);
    await command(["ip", "addr", "add", `${net}.1/24`, "dev", BRIDGE, "noprefixroute"]);
    await command(["ip", "link", "set", BRIDGE, "up"]);
    await command(["ip", "route", "add", `${net}.0/24`, "dev", BRIDGE, "src", `${net}.1`, "quickack", "1"]);
    return bare;
  }

  /** What is ready before anybody clicks: folders, keys, configuration. */
  prepare(index: number): BareNode {
    const dir = this.#at(index);
    for (const part of ["merged", "idsrc", "id"]) mkdirSync(join(dir, part), { recursive: true, mode: 0o755 });
    chownSync(dir, 0, this.#base(index));
    chmodSync(dir, 0o710);
    for (const part of ["upper", "work"])
      mkdirSync(join(this.disk, String(index), part), { recursive: true, mode: 0o755 });
    const { slug, jupyterToken: token, hostKey } = birth();
    const address = `${this.net}.${index + 10}`;
    writeIdentity(join(dir, "idsrc"), { slug, token, hostKey, authorizedKey: this.authorizedKey });
    writeFileSync(join(dir, "config"), this.#config(index, address), { mode: 0o600 });
    return { index, address, slug, token };
  }

  /** Overlay, id map and lxc-start: until LXC says that it runs. */
  async start(index: number): Promise<void> {
    this.#nodes.add(index);
    const dir = this.#at(index);
    const ns = await mapNamespace(this.#base(index));
    try {
      idmappedBind(join(dir, "idsrc"), join(dir, "id"), ns.fd, { readonly: true });
      idmappedOverlay({ lowers: this.lowers, node: join(this.disk, String(index)) }, join(dir, "merged"), ns.fd);
    } finally {
      ns.close();
    }
    await this.#lxc("start", "-d", "-f", join(dir, "config"), "-n", this.#name(index));
  }

  async stop(index: number): Promise<void> {
    await this.#lxc("stop", "-k", "-n", this.#name(index));
    this.#forget(index);
  }

  #forget(index: number): void {
    const dir = this.#at(index);
    for (const part of ["merged", "id"]) unmount(join(dir, part));
    rmSync(dir, { recursive: true });
    rmSync(join(this.disk, String(index)), { recursive: true });
    this.#nodes.delete(index);
  }

  close(): Promise<void> {
    return this.#remove();
  }

  async #clear(): Promise<void> {
    for (const index of [...this.#nodes]) {
      // One that never came up has mounts all the same.
      await this.#lxc("stop", "-k", "-n", this.#name(index)).catch(() => {});
      this.#forget(index);
    }
    await command(["ip", "link", "del", BRIDGE]).catch(() => {});
    await deleteSubvolume(this.disk);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #at = (index: number) => join(this.folder, String(index));
  #name = (index: number) => `dkbench${index}`;
  #base = (index: number) => FIRST_ID + index * RANGE;

  #lxc(verb: string, ...args: string[]): Promise<string> {
    const log = join(this.folder, "lxc.log");
    const path = ["-P", join(this.folder, "lxc"), "-o", log];
    return command([`/usr/bin/lxc-${verb}`, ...path, ...args], { env: { PATH: LXC_PATH } }).catch((e: Error) => {
      const said = existsSync(log) ? readFileSync(log, "utf8") : "";
      throw new Error(`${e.message}\n${said.slice(-2000)}`);
    });
  }

  #config(index: number, address: string): string {
    const dir = this.#at(index);
    return `${[
      "lxc.arch = linux64",
      `lxc.uts.name = ${this.#name(index)}`,
      `lxc.idmap = u 0 ${this.#base(index)} ${RANGE}`,
      `lxc.idmap = g 0 ${this.#base(index)} ${RANGE}`,
      `lxc.rootfs.path = dir:${join(dir, "merged")}`,
      "lxc.net.0.type = veth",
      `lxc.net.0.link = ${BRIDGE}`,
      "lxc.net.0.name = eth0",
      "lxc.net.0.flags = up",
      `lxc.net.0.ipv4.address = ${address}/24`,
      `lxc.net.0.ipv4.gateway = ${this.net}.1`,
      "lxc.apparmor.profile = unconfined",
      "lxc.seccomp.profile = /usr/share/lxc/config/common.seccomp",
      "lxc.init.cmd = /sbin/init",
      "lxc.console.path = none",
      "lxc.tty.max = 0",
      "lxc.pty.max = 1024",
      "lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed",
      "lxc.mount.entry = tmpfs run tmpfs rw,nosuid,nodev,mode=755,size=64m 0 0",
      "lxc.mount.entry = tmpfs dev/shm tmpfs rw,nosuid,nodev,mode=1777,create=dir 0 0",
      `lxc.mount.entry = ${join(dir, "id")} run/docklet none bind,create=dir 0 0`,
      "lxc.cgroup.memory.limit_in_bytes = 1G",
      "lxc.cgroup.pids.max = 4096",
      "lxc.cgroup2.memory.max = 1G",
      "lxc.cgroup2.pids.max = 4096",
    ].join("\n")}\n`;
  }
}

/** The files below /run/docklet that the image's sshd and Jupyter look for. */
export function writeIdentity(
  folder: string,
  who: { slug: string; token: string; hostKey: string; authorizedKey: string },
): void {
  const put = (name: string, text: string, mode = 0o644) => writeFileSync(join(folder, name), text, { mode });
  put("ssh_host_ed25519_key", `${who.hostKey.trimEnd()}\n`, 0o600);
  put("authorized_keys", `${who.authorizedKey.trim()}\n`, 0o600);
  put("jupyter.json", JSON.stringify({ token: who.token, base_url: `/${who.slug}/`, port: 8888 }), 0o600);
  put("hosts", "127.0.0.1 localhost\n");
  put("hostname", "node\n");
  put("resolv.conf", "");
}
