import type { Loaded } from "../config/load.ts";
import { messageOf } from "../lib/errors.ts";
import { createLogger, type Logger } from "../lib/log.ts";
import { systemClock } from "../os/clock.ts";
import { notifySystemd } from "../os/notify.ts";
import { type Component, startAll, stopAll } from "./component.ts";
import { compose, type Role } from "./compose.ts";
import { Installation } from "./installation.ts";
import { LogFile } from "./log-file.ts";
import type { VersionInfo } from "./version.ts";

/** Milliseconds that requests under way get when docklet ends. */
const GRACE_MS = 5_000;

/**
 * Runs the roles until TERM or INT. Nodes are not touched by its end. Resolves to the exit code: 0 after a
 * signal, 1 when something could not start.
 */
export async function serve(
  loaded: Loaded,
  roles: Role[],
  version: VersionInfo,
  join: string | null = null,
): Promise<number> {
  const { config } = loaded;
  // Files that nodes read must be readable there; what nobody else may read says so itself.
  process.umask(0o022);
  const home = new Installation(config.FS_PREFIX);
  home.prepare();
  home.claim();
  const files: LogFile[] = [];
  const logger = (role: string): Logger => {
    const echo = process.stderr.isTTY ? (line: string) => void process.stderr.write(line) : null;
    const file = new LogFile(home.log(role), config.LOG_LIFE, systemClock, echo);
    files.push(file);
    return createLogger(config.LOG_LEVEL, file, { role });
  };
  const log = logger(roles[0]!);
  let components: Component[] = [];
  try {
    const stopped = untilSignal();
    process.on("unhandledRejection", (err) => log.error({ err }, "a failure that nobody handled"));
    components = compose({
      loaded,
      roles,
      version,
      home,
      join,
      log,
      logger: (role) => (role === roles[0] ? log : logger(role)),
    });
    await startAll(components, log);
    log.info(
      {
        version: version.version,
        roles,
        pid: process.pid,
        bind: config.BIND_ADDRESS,
        ...(roles.includes("supermaster") ? { portal: config.NGINX_PORT, workspaces: config.PROXY_PORT } : {}),
        ...(roles.includes("master") ? { hosts: config.MASTER_PORT } : {}),
      },
      "docklet is up",
    );
    notifySystemd("READY=1");
    const signal = await stopped;
    log.info({ signal }, "stopping; nodes go on running");
    notifySystemd("STOPPING=1");
    await stopAll(components, GRACE_MS, log);
    return 0;
  } catch (e) {
    log.error({ err: e }, `docklet did not start: ${messageOf(e)}`);
    throw e;
  } finally {
    home.release();
    for (const file of files) file.close();
  }
}

function untilSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => resolve(name));
    // A closed terminal must not end a service.
    process.on("SIGHUP", () => {});
  });
}
