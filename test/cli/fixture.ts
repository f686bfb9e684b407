import { setDefaultTimeout } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { supermasterStage } from "../kit/supermaster-stage.ts";

/** Each run is a process that starts from source: slow when the machine is busy. */
setDefaultTimeout(60_000);

const MAIN = resolve(import.meta.dir, "../../src/main.ts");

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  stdin?: string | Uint8Array;
  env?: Record<string, string>;
}

/**
 * The real API over a data centre in memory, on a TCP port and on a socket for root, and the CLI as a
 * process of its own with a home of its own.
 */
export async function cliFixture() {
  const dir = mkdtempSync(join(tmpdir(), "docklet-cli-"));
  const stage = await supermasterStage();
  const serve = { idleTimeout: 0, development: false as const, websocket: stage.wing.websocket };
  const server = Bun.serve({ ...serve, hostname: "127.0.0.1", port: 0, fetch: stage.wing.fetch } as never);
  const socket = join(dir, "prefix/local/run/docklet.sock");
  mkdirSync(dirname(socket), { recursive: true });
  const local = Bun.serve({ ...serve, unix: socket, fetch: stage.wing.fetchAsRoot } as never);
  chmodSync(socket, 0o600);
  const url = `http://127.0.0.1:${server.port}`;

  /** How the CLI is started, for a test that does it itself. */
  const command = (args: string[], options: RunOptions = {}) => ({
    argv: [process.execPath, MAIN, ...args],
    options: {
      cwd: dir,
      env: { PATH: "/usr/bin:/bin", HOME: dir, XDG_CONFIG_HOME: join(dir, "config"), ...options.env },
    },
  });
  const spawn = (args: string[], options: RunOptions = {}) => {
    const how = command(args, options);
    return Bun.spawn(how.argv, {
      ...how.options,
      stdin: options.stdin === undefined ? "ignore" : new Blob([options.stdin as string]),
      stdout: "pipe",
      stderr: "pipe",
    });
  };
  const collect = async (child: ReturnType<typeof spawn>): Promise<Ran> => {
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, stdout, stderr };
  };
  const run = (args: string[], options?: RunOptions) => collect(spawn(args, options));
  /** As a person with a token in the environment. */
  const as = (name: string, scopes: ("read" | "write" | "admin")[] = ["read", "write"]) => ({
    DOCKLET_URL: url,
    DOCKLET_TOKEN: stage.token(name, scopes).headers.authorization!.slice("Bearer ".length),
  });
  return {
    dir,
    url,
    stage,
    socket,
    command,
    credentials: join(dir, "config/docklet/credentials.json"),
    spawn,
    collect,
    run,
    as,
    stop: async () => {
      await Promise.all([server.stop(true), local.stop(true)]);
      await stage.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export type CliFixture = Awaited<ReturnType<typeof cliFixture>>;

/** Waits for something to be there; the test's own timeout is the limit. */
export async function until<T>(look: () => T | undefined | null | false): Promise<T> {
  for (;;) {
    const found = look();
    if (found) return found;
    await Bun.sleep(5);
  }
}
