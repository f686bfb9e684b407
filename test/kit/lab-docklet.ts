import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Client, createClient } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";
import { BINARY, type CliResult } from "./docklet.ts";
import type { LabHost } from "./lab-host.ts";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");
const PORTAL_PORT = 8080;

/** docklet on a lab host: a real process, with the ports that it has everywhere, since the host's network is its own. */
export class LabDocklet {
  #child: Bun.Subprocess | null = null;

  constructor(
    readonly host: LabHost,
    readonly settings: Record<string, string | number> = {},
    /** Run from source instead of the built executable. */
    private readonly source = process.env.DOCKLET_TEST_SOURCE === "1",
  ) {}

  get portal() {
    return `http://${this.host.address}:${PORTAL_PORT}`;
  }
  get configFile() {
    return join(this.host.prefix, "docklet.conf");
  }
  get log() {
    return join(this.host.prefix, "serve.log");
  }

  /** The API as root, through the socket: files know no network namespace. */
  get root(): Client {
    const unix = join(this.host.prefix, "local/run/docklet.sock");
    return createClient((path, init) => fetch(`http://docklet${path}`, { ...init, unix } as RequestInit));
  }

  /** Starts `docklet serve`; who waits for what it should become knows what that is. */
  serve(...args: string[]): void {
    const settings = {
      FS_PREFIX: this.host.prefix,
      HOST_NAME: this.host.name,
      NETWORK_DEVICE: "eth0",
      PUBLIC_IP: this.host.address,
      WARM_NODES: "mini=0,base=0",
      ...this.settings,
    };
    const lines = Object.entries(settings).map(([k, v]) => `${k}=${v}\n`);
    writeFileSync(this.configFile, lines.join(""));
    const out = Bun.file(this.log);
    const argv = this.host.enter(...this.#command, "serve", "--config", this.configFile, ...args);
    this.#child = Bun.spawn(["setsid", ...argv], {
      stdin: "ignore",
      stdout: out,
      stderr: out,
      env: this.#env,
    });
  }

  /** All roles, or those with the portal: waits until it says that it is ready. */
  async ready(): Promise<void> {
    await until(`docklet on ${this.host.name} to be ready`, () => this.#answers(), { timeoutMs: 60_000, firstMs: 20 });
  }

  /** The host `name` is ready in the eyes of this one's master. */
  async sees(name: string): Promise<void> {
    const state = async () => (await this.root.hosts()).items.find((h) => h.name === name)?.state;
    await until(`host ${name} to be ready`, async () => (await state()) === "ready", {
      timeoutMs: 60_000,
      firstMs: 20,
    });
  }

  async cli(...args: string[]): Promise<CliResult> {
    const child = Bun.spawn(this.host.enter(...this.#command, ...args), {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: this.#env,
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, stdout, stderr };
  }

  /** Ends it as a service manager does; nodes go on. */
  async down(): Promise<void> {
    this.#child?.kill("SIGTERM");
    await this.#child?.exited;
    this.#child = null;
  }

  /** Resolves when it has ended by itself, or was killed by what is in `crashFile`. */
  async died(): Promise<void> {
    await this.#child?.exited;
    this.#child = null;
  }

  /** See src/os/crash-point.ts. */
  get crashFile() {
    return join(this.host.prefix, "crash");
  }

  /** As when it is killed, or has a bug: nothing is said to anybody. Nodes go on. */
  async crash(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    this.#child = null;
  }

  /** Ends everything of it, nodes included. */
  async rest(): Promise<void> {
    await this.down();
    const r = await this.cli("cleanup", "--all");
    if (r.code !== 0) throw new Error(`cleanup on ${this.host.name} failed: ${r.stderr}`);
  }

  get #command(): string[] {
    return this.source ? [process.execPath, MAIN] : [BINARY];
  }

  get #env(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? "",
      HOME: this.host.prefix,
      DOCKLET_CONFIG: this.configFile,
      DOCKLET_CRASH_FILE: this.crashFile,
    };
  }

  async #answers(): Promise<boolean> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null)
      throw new Error(`docklet on ${this.host.name} ended: ${readFileSync(this.log, "utf8").slice(-2000)}`);
    const get = ["wget", "-q", "-T", "2", "-t", "1", "-O", "/dev/null", `${this.portal}/readyz`];
    return (await Bun.spawn(this.host.enter(...get), { stderr: "ignore" }).exited) === 0;
  }
}
