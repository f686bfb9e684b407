import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Client, createClient, type Operation } from "../../src/contracts/public/index.ts";
import { until } from "../../src/lib/retry.ts";

const ROOT = resolve(import.meta.dir, "../..");
/** The built executable; `bun run build` (or scripts/test.sh) makes it. */
export const BINARY = join(ROOT, "dist/docklet");

export interface DockletOptions {
  /** Images to build before it is handed over. */
  images?: string[];
  /** More settings, as in the configuration file. */
  settings?: Record<string, string | number>;
  /** Where its own folder is made; default: among the temporary files. */
  folder?: string;
  /** Run from source instead of the built executable. */
  source?: boolean;
  /** A pool file to begin with, images and all: it is copied. See base-pool.ts. */
  pool?: string;
  /** Only these roles, as for `docklet serve --role`. It is waited for until it answers, not until it is ready. */
  roles?: string;
}

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A real docklet of its own: own folder, pool, ports and network; everything else shared with the host. */
export class TestDocklet {
  #child: Bun.Subprocess | null = null;

  private constructor(
    readonly prefix: string,
    readonly settings: Record<string, string | number>,
    private readonly source: boolean,
    private readonly roles?: string,
  ) {}

  static async start(options: DockletOptions = {}): Promise<TestDocklet> {
    const prefix = mkdtempSync(join(options.folder ?? tmpdir(), "docklet-test-"));
    // LXC must be able to walk to the root file systems below it.
    chmodSync(prefix, 0o711);
    const d = new TestDocklet(
      prefix,
      { ...(await freshSettings(prefix)), ...options.settings },
      options.source ?? process.env.DOCKLET_TEST_SOURCE === "1",
      options.roles,
    );
    try {
      if (options.pool) {
        mkdirSync(join(prefix, "local"), { mode: 0o711 });
        await copySparse(options.pool, d.poolFile);
      }
      await d.up();
      for (const image of options.images ?? []) await d.build(image);
    } catch (e) {
      await d.destroy();
      throw e;
    }
    return d;
  }

  get configFile() {
    return join(this.prefix, "docklet.conf");
  }
  get portal() {
    return `http://127.0.0.1:${this.settings.NGINX_PORT}`;
  }
  get workspaces() {
    return `http://127.0.0.1:${this.settings.PROXY_PORT}`;
  }
  get socket() {
    return join(this.prefix, "local/run/docklet.sock");
  }
  get poolFile() {
    return join(this.prefix, "local/pool.img");
  }
  get tag() {
    return readFileSync(join(this.prefix, "local/tag"), "utf8").trim();
  }
  /** Its process ends at a place of our choosing when this file says so: see src/os/crash-point.ts. */
  get crashFile() {
    return join(this.prefix, "crash");
  }
  get alive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }
  get pid(): number {
    if (!this.#child) throw new Error("docklet does not run");
    return this.#child.pid;
  }

  get command(): string[] {
    return this.source ? [process.execPath, join(ROOT, "src/main.ts")] : [BINARY];
  }

  /** Starts it and waits until it says that it is ready, or, where it can't be wholly well, that it is there. */
  async up(check: "readyz" | "healthz" = this.roles ? "healthz" : "readyz"): Promise<void> {
    const text = Object.entries(this.settings)
      .map(([k, v]) => `${k}=${v}\n`)
      .join("");
    // Left alone where it is right already: the disk may be full.
    if (!existsSync(this.configFile) || readFileSync(this.configFile, "utf8") !== text)
      writeFileSync(this.configFile, text);
    const log = join(this.prefix, "serve.log");
    const roles = this.roles ? [`--role=${this.roles}`] : [];
    const child = Bun.spawn([...this.command, "serve", "--config", this.configFile, ...roles], {
      stdin: "ignore",
      stdout: Bun.file(log),
      stderr: Bun.file(log),
      env: this.#env(),
    });
    this.#child = child;
    await until(
      "docklet to be ready",
      async () => {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`docklet ended: ${readFileSync(log, "utf8").slice(-2000)}`);
        return fetch(`${this.portal}/${check}`).then(
          (r) => r.ok,
          () => false,
        );
      },
      { timeoutMs: 60_000, firstMs: 20 },
    );
  }

  /** Ends it as a service manager does; nodes go on. Resolves to its exit code. */
  async down(): Promise<number> {
    return this.#end("SIGTERM");
  }

  /** Ends it without a chance to do anything. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async #end(signal: NodeJS.Signals): Promise<number> {
    this.#child?.kill(signal);
    return this.ended();
  }

  /** Waits until its process is over, for whatever reason. Resolves to the exit code. */
  async ended(): Promise<number> {
    const child = this.#child;
    if (!child) return 0;
    const code = await child.exited;
    this.#child = null;
    return code;
  }

  /** Ends everything of it, nodes included; its folder stays. Throws when something would not go. */
  async rest(): Promise<void> {
    await this.down();
    if (!existsSync(join(this.prefix, "local/tag"))) return;
    const r = await this.cli("cleanup", "--all");
    if (r.code !== 0) throw new Error(`cleanup failed: ${r.stderr}${r.stdout}`);
  }

  /** The same, and deletes its folder. */
  async destroy(): Promise<void> {
    await this.rest();
    rmSync(this.prefix, { recursive: true, force: true });
  }

  /** Runs the command line tool as root on this host. */
  async cli(...args: string[]): Promise<CliResult> {
    const child = Bun.spawn([...this.command, ...args], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: this.#env(),
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, stdout, stderr };
  }

  /** Runs a command inside a node, by the command line tool. */
  exec(node: string, ...argv: string[]): Promise<CliResult> {
    return this.cli("exec", node, "--", ...argv);
  }

  /** The API as root, through the socket. */
  get root(): Client {
    return createClient((path, init) => fetch(`http://docklet${path}`, { ...init, unix: this.socket } as RequestInit));
  }

  /** The API as somebody with a token, over TCP. */
  as(token: string): Client {
    return createClient((path, init) =>
      fetch(`${this.portal}${path}`, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } }),
    );
  }

  /** Makes a person and logs them in by an API token. */
  async person(name: string): Promise<{ api: Client; token: string; password: string }> {
    const { password } = await this.root.createUser({ body: { name } });
    const login = await fetch(`${this.portal}/api/v1/session`, {
      method: "POST",
      body: JSON.stringify({ username: name, password }),
      headers: { "content-type": "application/json" },
    });
    const cookie = login.headers
      .getSetCookie()
      .map((c) => c.split(";")[0])
      .join("; ");
    const { csrf } = (await login.json()) as { csrf: string };
    const first = createClient((path, init) =>
      fetch(`${this.portal}${path}`, { ...init, headers: { ...init.headers, cookie, "x-csrf-token": csrf } }),
    );
    // A generated password must be changed before anything else.
    const next = `${password}-changed`;
    await first.changePassword({ body: { current: password!, next } });
    const { secret } = await first.createToken({ body: { name: "test", scopes: ["read", "write"] } });
    return { api: this.as(secret), token: secret, password: next };
  }

  async build(image: string): Promise<void> {
    const op = await this.finish(await this.root.buildImage({ params: { name: image }, body: {} }), 1_500_000);
    if (op.state !== "done") throw new Error(`image ${image}: ${JSON.stringify(op.error)}`);
  }

  /** Follows an operation to its end. */
  finish(operation: Operation, timeoutMs = 120_000): Promise<Operation> {
    return until(
      `operation ${operation.kind} ${operation.object}`,
      async () => {
        const now = await this.root.operation({ params: { id: operation.id } });
        return now.endedAt === null ? null : now;
      },
      { timeoutMs, firstMs: 10, maxMs: 200 },
    );
  }

  #env(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? "",
      HOME: this.prefix,
      DOCKLET_CONFIG: this.configFile,
      DOCKLET_CRASH_FILE: this.crashFile,
    };
  }
}

async function freshSettings(prefix: string): Promise<Record<string, string | number>> {
  const [portal, workspaces, master, worker, user] = await freePorts(5);
  mkdirSync(prefix, { recursive: true });
  return {
    FS_PREFIX: prefix,
    NGINX_PORT: portal!,
    PROXY_PORT: workspaces!,
    MASTER_PORT: master!,
    WORKER_PORT: worker!,
    USER_PORT: user!,
    ALLOCATED_PORTS: "65000-65100",
    PUBLIC_IP: "127.0.0.1",
    // Another second octet for every docklet that may run at the same time.
    CLUSTER_NET: `10.${100 + (portal! % 100)}.0.0/16`,
    DISKPOOL_SIZE: 20_480,
    WARM_NODES: "mini=0,base=0",
    LOG_LEVEL: "debug",
  };
}

/** Holes stay holes. */
export async function copySparse(from: string, to: string): Promise<void> {
  const cp = Bun.spawn(["cp", "--sparse=always", "--reflink=auto", from, to], { stdin: "ignore", stderr: "pipe" });
  if ((await cp.exited) !== 0) throw new Error(`cp: ${await new Response(cp.stderr).text()}`);
}

/**
 * Ports that nothing listens on, held open together so that they differ. Below the range from which the kernel takes
 * the ports of outgoing connections: a docklet that is restarted must find its own free again.
 */
export async function freePorts(n: number): Promise<number[]> {
  const held: ReturnType<typeof createServer>[] = [];
  const ports: number[] = [];
  while (ports.length < n) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const free = await new Promise<boolean>((done) => {
      server.once("error", () => done(false));
      server.listen(port, "0.0.0.0", () => done(true));
    });
    if (!free) continue;
    held.push(server);
    ports.push(port);
  }
  await Promise.all(held.map((s) => new Promise((done) => s.close(done))));
  return ports;
}
