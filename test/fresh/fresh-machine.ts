import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { until } from "../../src/lib/retry.ts";
import { onHost } from "../e2e/base-docklet.ts";
import { bareRoot } from "../install/bare-root.ts";
import { REPO } from "../install/fixture.ts";
import { Machine } from "../install/machine.ts";
import { freePorts } from "../kit/docklet.ts";

export interface Installed {
  code: number;
  stdout: string;
  stderr: string;
  seconds: number;
}

/** A bare machine with nothing but a clone of this repository in it. Its network is the host's, so it gets free ports. */
export class FreshMachine {
  private constructor(
    readonly machine: Machine,
    private readonly settings: Record<string, string>,
  ) {}

  static async start(): Promise<FreshMachine> {
    const [portal, workspaces, master, worker, user] = (await freePorts(5)).map(String);
    const machine = await Machine.start([await bareRoot()]);
    try {
      const folder = mkdtempSync(join(tmpdir(), "docklet-clone-"));
      try {
        const cloned = await onHost("git", "clone", "--quiet", `file://${REPO}`, join(folder, "clone"));
        if (cloned.code !== 0) throw new Error(`git clone: ${cloned.stderr}`);
        const copied = await onHost("cp", "-a", join(folder, "clone"), machine.path("/root/docklet"));
        if (copied.code !== 0) throw new Error(`cp: ${copied.stderr}`);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      return new FreshMachine(machine, {
        DOCKLET_NGINX_PORT: portal!,
        DOCKLET_PROXY_PORT: workspaces!,
        DOCKLET_MASTER_PORT: master!,
        DOCKLET_WORKER_PORT: worker!,
        DOCKLET_USER_PORT: user!,
        // The default range holds every port that a test can get.
        DOCKLET_ALLOCATED_PORTS: "64000-64999",
        DOCKLET_CLUSTER_NET: `10.${200 + (Number(portal) % 50)}.0.0/16`,
      });
    } catch (e) {
      await machine.remove();
      throw e;
    }
  }

  /** `./install.sh` in the clone. What it says goes to `log`, as long as it runs, too. */
  async install(log: string, ...args: string[]): Promise<Installed> {
    const began = performance.now();
    const child = this.machine.spawn(`cd /root/docklet && ./install.sh ${args.join(" ")}`, this.settings);
    mkdirSync(dirname(log), { recursive: true });
    writeFileSync(log, "");
    const listen = async () => {
      let said = "";
      const decoder = new TextDecoder();
      for await (const chunk of child.stderr) {
        said += decoder.decode(chunk, { stream: true });
        writeFileSync(log, said);
      }
      return said;
    };
    const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), listen(), child.exited]);
    return { code, stdout, stderr, seconds: (performance.now() - began) / 1000 };
  }

  get portal(): string {
    return `http://127.0.0.1:${this.settings.DOCKLET_NGINX_PORT}`;
  }
  read(path: string): string {
    return readFileSync(this.machine.path(path), "utf8").trim();
  }

  /** What runs in it, nodes included, but for its own first process and this question. */
  async processes(): Promise<string[]> {
    const { stdout } = await this.machine.sh("ps -e -o pid=,args=");
    return stdout
      .split("\n")
      .map((l) => l.trim())
      .filter((l) => l !== "" && !/^\d+ (sleep 600|ps -e |\/bin\/sh -c ps)/.test(l) && !l.startsWith("1 "));
  }

  /** Waits until nothing runs any more; answers what still does. */
  async quiet(): Promise<string[]> {
    await until("the machine to be quiet", async () => (await this.processes()).length === 0, {
      timeoutMs: 10_000,
    }).catch(() => {});
    return this.processes();
  }

  remove(): Promise<void> {
    return this.machine.remove();
  }
}
