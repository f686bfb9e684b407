import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../src/lib/retry.ts";
import type { LabHost } from "./lab-host.ts";

/** Folders that GlusterFS has for itself on a machine: each lab host gets its own. */
const OWN = { lib: "/var/lib/glusterd", log: "/var/log/glusterfs", run: "/run/gluster" };
/** Seconds for which a client waits for a server that does not answer, before it gives out errors. */
const PATIENCE_S = 20;

/** GlusterFS as Debian has it: a server on one lab host, clients on any. It ends with the hosts. */
export class Gluster {
  private constructor(readonly server: LabHost) {}

  static async start(server: LabHost, volumes: string[]): Promise<Gluster> {
    const g = new Gluster(server);
    await apart(server);
    await server.run("glusterd", "--pid-file", join(server.prefix, "glusterd.pid"));
    const up = () =>
      server.run("gluster", "--mode=script", "volume", "list").then(
        () => true,
        () => false,
      );
    await until("glusterd to answer", up, { timeoutMs: 30_000, firstMs: 50 });
    for (const v of volumes) {
      const brick = join(server.prefix, "bricks", v);
      mkdirSync(brick, { recursive: true });
      const ask = (...words: string[]) => server.run("gluster", "--mode=script", "volume", ...words);
      await ask("create", v, `${server.address}:${brick}`, "force");
      await ask("set", v, "network.ping-timeout", String(PATIENCE_S));
      await ask("start", v);
    }
    return g;
  }

  /** What lies in a volume, as its server sees it. */
  brick(volume: string): string {
    return join(this.server.prefix, "bricks", volume);
  }

  /** Makes a host ready for `mount`. */
  async client(host: LabHost): Promise<void> {
    if (host !== this.server) await apart(host);
  }

  async mount(host: LabHost, volume: string, target: string, options = "rw"): Promise<void> {
    mkdirSync(target, { recursive: true });
    await host.run("mount", "-t", "glusterfs", "-o", options, `${this.server.address}:/${volume}`, target);
  }

  /** Nothing is answered any more, and no connection ends. */
  freeze(): void {
    for (const pid of this.#servers()) process.kill(pid, "SIGSTOP");
  }

  thaw(): void {
    for (const pid of this.#servers()) process.kill(pid, "SIGCONT");
  }

  #servers(): number[] {
    return this.server.processes().filter((pid) => readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "glusterfsd");
  }
}

async function apart(host: LabHost): Promise<void> {
  for (const [name, folder] of Object.entries(OWN)) {
    const own = join(host.prefix, "gluster", name);
    mkdirSync(own, { recursive: true });
    mkdirSync(folder, { recursive: true });
    await host.run("mount", "--bind", own, folder);
  }
}
