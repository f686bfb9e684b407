import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../src/lib/retry.ts";
import { listMounts, unmount } from "../src/os/mounts.ts";
import { command } from "./command.ts";
import { atEnd } from "./ending.ts";

const PRESEED = {
  config: {},
  storage_pools: [{ name: "default", driver: "btrfs", config: { size: "30GiB" } }],
  profiles: [{ name: "default", devices: { root: { type: "disk", path: "/", pool: "default" } } }],
};

interface Answer {
  type: "sync" | "async" | "error";
  error?: string;
  operation?: string;
  metadata?: Record<string, unknown>;
}

/** LXD beside docklet: a daemon of its own with its own folder and btrfs pool, asked over its socket without its CLI. */
export class Lxd {
  readonly #names = new Set<string>();
  readonly #remove: () => Promise<void>;

  private constructor(
    readonly folder: string,
    private readonly daemon: Bun.Subprocess,
  ) {
    this.#remove = atEnd(() => this.#clear());
  }

  /** null where LXD is not installed. */
  static async open(): Promise<Lxd | null> {
    if (!Bun.which("lxd")) return null;
    const folder = mkdtempSync(join(tmpdir(), "docklet-bench-lxd-"));
    // The roots of its containers are below it.
    chmodSync(folder, 0o711);
    const log = join(folder, "bench.log");
    const daemon = Bun.spawn(["lxd", "--logfile", join(folder, "lxd.log")], {
      stdin: "ignore",
      stdout: Bun.file(log),
      stderr: Bun.file(log),
      env: { PATH: process.env.PATH ?? "", LXD_DIR: folder },
    });
    const lxd = new Lxd(folder, daemon);
    try {
      await lxd.#cli(["lxd", "waitready", "--timeout=60"]);
      await lxd.#cli(["lxd", "init", "--preseed"], JSON.stringify(PRESEED));
      return lxd;
    } catch (e) {
      await lxd.close();
      throw e;
    }
  }

  /** Imports one tree out of `lowers` (topmost first) as image `alias`. */
  async import(alias: string, lowers: string[]): Promise<void> {
    const staging = join(this.folder, "staging");
    mkdirSync(join(staging, "rootfs"), { recursive: true, mode: 0o700 });
    writeFileSync(
      join(staging, "metadata.yaml"),
      `architecture: x86_64\ncreation_date: ${Math.floor(Date.now() / 1000)}\nproperties:\n  description: ${alias}\n`,
    );
    const tar = join(this.folder, "image.tar");
    await command([
      "mount",
      "-t",
      "overlay",
      "-o",
      `ro,lowerdir=${lowers.join(":")}`,
      "overlay",
      join(staging, "rootfs"),
    ]);
    try {
      await command(["tar", "--numeric-owner", "--xattrs", "-C", staging, "-cf", tar, "metadata.yaml", "rootfs"]);
    } finally {
      await command(["umount", join(staging, "rootfs")]);
    }
    rmSync(staging, { recursive: true });
    await this.#cli(["lxc", "image", "import", tar, "--alias", alias, "--quiet"]);
    rmSync(tar);
  }

  /**
   * What `lxc launch` does, by two requests. `before` runs between them, with the first host id of the container.
   */
  async launch(
    name: string,
    image: string,
    config: { bridge: string; raw: string[]; before?: (idBase: number) => void },
  ): Promise<void> {
    this.#names.add(name);
    await this.#do("POST", "/1.0/instances", {
      name,
      source: { type: "image", alias: image },
      config: { "limits.memory": "1GiB", "raw.lxc": config.raw.join("\n") },
      devices: { eth0: { type: "nic", nictype: "bridged", parent: config.bridge, name: "eth0" } },
    });
    if (config.before) {
      const { metadata } = await this.#ask("GET", `/1.0/instances/${name}`);
      const { config: known } = (metadata ?? {}) as { config?: Record<string, string> };
      const maps = JSON.parse(known?.["volatile.idmap.next"] ?? "[]") as { Hostid: number }[];
      config.before(maps[0]?.Hostid ?? 0);
    }
    await this.#do("PUT", `/1.0/instances/${name}/state`, { action: "start", timeout: 60 }).catch((e: Error) => {
      const log = join(this.folder, "logs", name, "lxc.log");
      throw new Error(`${e.message}\n${existsSync(log) ? readFileSync(log, "utf8").slice(-2000) : ""}`);
    });
  }

  async remove(name: string): Promise<void> {
    const stop = { action: "stop", force: true, timeout: 60 };
    await this.#do("PUT", `/1.0/instances/${name}/state`, stop).catch((e: Error) => {
      if (!e.message.includes("already stopped")) throw e;
    });
    // A start that failed is still being cleared away for a moment.
    await until(
      `LXD to delete ${name}`,
      () =>
        this.#do("DELETE", `/1.0/instances/${name}`).then(
          () => true,
          (e: Error) => {
            if (e.message.includes("is busy")) return false;
            throw e;
          },
        ),
      { timeoutMs: 30_000, firstMs: 20 },
    );
    this.#names.delete(name);
  }

  close(): Promise<void> {
    return this.#remove();
  }

  async #clear(): Promise<void> {
    for (const name of [...this.#names]) await this.remove(name).catch((e) => console.error(e));
    if (existsSync(join(this.folder, "unix.socket")))
      await this.#cli(["lxd", "shutdown", "--timeout=60"]).catch(() => this.daemon.kill());
    else this.daemon.kill();
    await this.daemon.exited;
    for (const m of listMounts(this.folder).reverse()) unmount(m.target);
    await until("LXD's mounts to go", () => listMounts(this.folder).length === 0, { timeoutMs: 10_000 });
    const loops = (await command(["losetup", "-n", "-O", "NAME", "-j", join(this.folder, "disks/default.img")]))
      .split("\n")
      .map((l) => l.trim())
      .filter(Boolean);
    for (const loop of loops) await command(["losetup", "-d", loop]).catch(() => {});
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #do(method: string, path: string, body?: unknown): Promise<void> {
    const begun = await this.#ask(method, path, body);
    if (begun.type !== "async") return;
    const ended = await this.#ask("GET", `${begun.operation}/wait`);
    const { status, err } = (ended.metadata ?? {}) as { status?: string; err?: string };
    if (status !== "Success") throw new Error(`LXD ${method} ${path}: ${err}`);
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`http://lxd${path}`, {
      method,
      unix: join(this.folder, "unix.socket"),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    } as RequestInit);
    const answer = (await response.json()) as Answer;
    if (answer.type === "error") throw new Error(`LXD ${method} ${path}: ${answer.error}`);
    return answer;
  }

  #cli(argv: string[], input?: string): Promise<string> {
    const env = { LXD_DIR: this.folder, HOME: this.folder };
    return command(argv, input === undefined ? { env } : { env, input });
  }
}
