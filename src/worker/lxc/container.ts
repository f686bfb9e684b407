import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DockletError } from "../../lib/errors.ts";
import { until } from "../../lib/retry.ts";
import type { Cgroups } from "../../os/cgroup/cgroup.ts";
import { strayControllers } from "../../os/cgroup/placement.ts";
import { startDaemon } from "../../os/daemon.ts";
import { commandLine, diskSpace, isAlive } from "../../os/procfs.ts";
import type { Layout } from "../layout.ts";
import { type ContainerFacts, renderConfig } from "./config.ts";

/** systemd's "halt" is SIGRTMIN+3; busybox init powers off on SIGUSR2. */
const HALT_SIGNAL = { systemd: 37, simple: 12 } as const;

/**
 * lxc-start looks for newuidmap on its PATH and then insists on lines for root in /etc/subuid. As root it can write
 * the map itself, and the ranges are docklet's own: so it gets a PATH without it. The hook sets its own.
 */
const PATH_WITHOUT_NEWUIDMAP = "/usr/sbin:/sbin";

/** lxc-start leaves within milliseconds of its container; one that hangs is ended after this. */
const MONITOR_MS = 3_000;

/** One LXC container: start, find again, end. Knows nothing of whom it serves. */
export class Containers {
  constructor(
    private readonly layout: Layout,
    private readonly cgroups: Cgroups,
    private readonly seccomp: string,
  ) {}

  /** Host pid of the node's init, or null when it does not run. */
  initPid(id: string): number | null {
    let pid: number;
    try {
      pid = Number(readFileSync(join(this.layout.run(id), "init.pid"), "utf8"));
    } catch {
      return null;
    }
    return Number.isInteger(pid) && pid > 1 && isAlive(pid, `/${this.layout.cgroup(id)}/`) ? pid : null;
  }

  /** Pid of its lxc-start, or null. Its cgroup alone can't tell: while a node reboots itself, LXC makes that anew. */
  monitorPid(id: string): number | null {
    try {
      const pid = Number(readFileSync(join(this.layout.run(id), "monitor.pid"), "utf8"));
      if (commandLine(pid)?.split(" ").includes(this.layout.container(id))) return pid;
    } catch {
      // docklet was killed before it could write it down.
    }
    return this.cgroups.processes(`${this.layout.monitorRoot}/${id}`)[0] ?? null;
  }

  /**
   * Starts and returns the pid of init, as soon as the container has its namespaces. `lxc-start` stays as its
   * monitor in a session of its own, so docklet's end is not the node's end.
   */
  async start(facts: ContainerFacts): Promise<number> {
    const run = this.layout.run(facts.id);
    const config = join(run, "lxc.conf");
    const logFile = join(run, "lxc.log");
    rmSync(join(run, "init.pid"), { force: true });
    writeFileSync(config, renderConfig(this.layout, this.cgroups, facts, this.seccomp), { mode: 0o600 });
    const monitor = startDaemon(
      [
        "/usr/bin/lxc-start",
        "-F",
        "-P",
        this.layout.lxcPath,
        "-n",
        this.layout.container(facts.id),
        "-f",
        config,
        "-o",
        logFile,
        "-l",
        "WARN",
      ],
      // Its output becomes that of init: a file of the host there could be written full from inside.
      "/dev/null",
      PATH_WITHOUT_NEWUIDMAP,
    );
    writeFileSync(join(run, "monitor.pid"), `${monitor.pid}\n`, { mode: 0o600 });
    let ended: number | null = null;
    void monitor.exited.then((code) => {
      ended = code;
    });
    const pid = await until(
      `container ${facts.id} to start`,
      () => {
        if (ended !== null)
          throw new DockletError(
            "host_command",
            `lxc-start exited with ${ended}: ${this.#firstErrors(logFile)}`,
            "The node's disk is kept; start it again, or look into the host's log.",
          );
        return this.initPid(facts.id);
      },
      // A look costs 20 µs, and a start takes 30 ms: what a longer pause would add is seen by the person who waits.
      { timeoutMs: 30_000, firstMs: 2, maxMs: 4 },
    );
    const stray = strayControllers(pid, this.layout.cgroup(facts.id));
    // One that ends leaves its groups before it is gone: whoever goes on with it will see that it is.
    if (stray.length === 0 || (await this.ends(facts.id, pid))) return pid;
    signal(pid);
    throw new DockletError(
      "host_command",
      `The node would run without limits: LXC has put it into another group (${stray.join(" ")}).`,
      "The first process of this system must be in the top cgroup of every controller: see /proc/1/cgroup.",
    );
  }

  /** Is this init just ending? Then its namespaces go before it does. */
  ends(id: string, pid: number): Promise<boolean> {
    return until("init to end", () => this.initPid(id) !== pid, { timeoutMs: 500, firstMs: 5, maxMs: 20 }).catch(
      () => false,
    );
  }

  /** The first errors are the cause; those after them only pass it on. */
  #firstErrors(logFile: string): string {
    // Then there was no room for a log either.
    if (diskSpace(this.layout.live).free === 0) return `no space is left in ${this.layout.live}`;
    const lines = existsSync(logFile) ? readFileSync(logFile, "utf8").split("\n") : [];
    const errors = lines
      .filter((l) => l.includes(" ERROR "))
      .map((l) => l.replace(/^.* ERROR\s+/, "").replace(/ - \.\.\/src\/lxc\/\S+/, ""));
    return errors.slice(0, 3).join(" | ").slice(0, 600) || "no error in its log";
  }

  /** Asks init to end and waits `graceMs`; then ends everything in the node. Returns when no process of it is left. */
  async stop(id: string, init: "systemd" | "simple", graceMs: number): Promise<void> {
    const pid = this.initPid(id);
    if (pid !== null && graceMs > 0) {
      process.kill(pid, HALT_SIGNAL[init]);
      await until(`node ${id} to halt`, () => this.initPid(id) === null, {
        timeoutMs: graceMs,
        firstMs: 10,
        maxMs: 50,
      }).catch(() => {});
    }
    const group = this.layout.cgroup(id);
    // A thousand processes of a fork bomb that end within a tenth of a core take longer than anybody waits.
    this.cgroups.unthrottle(group);
    const patience = performance.now() + MONITOR_MS;
    await until(
      `processes of ${id} to end`,
      () => {
        // Ending init ends the whole pid namespace; a frozen group must run to die.
        const left = this.cgroups.processes(group);
        // Signalled first: what was frozen must not run once more before it dies.
        for (const p of left) signal(p);
        if (left.length > 0) this.cgroups.freeze(group, false);
        const monitor = this.monitorPid(id);
        // As long as its monitor lives, a node that was just rebooting itself may come back.
        if (monitor !== null && performance.now() > patience) signal(monitor);
        return left.length === 0 && monitor === null;
      },
      { timeoutMs: 15_000, firstMs: 5, maxMs: 50 },
    );
  }

  /** argv of a command that runs inside the node as its root, with nothing of the host's environment. */
  attach(id: string, argv: string[], env: Record<string, string>): [string, ...string[]] {
    const vars = Object.entries(env).flatMap(([k, v]) => ["--set-var", `${k}=${v}`]);
    return [
      "lxc-attach",
      "-P",
      this.layout.lxcPath,
      "-n",
      this.layout.container(id),
      "--clear-env",
      ...vars,
      "--",
      ...argv,
    ];
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It went by itself.
  }
}
