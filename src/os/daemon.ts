import { closeSync, openSync } from "node:fs";
import { crashPoint } from "./crash-point.ts";

/** A process that outlives us: own session, no pipe of ours, output to a file. */
export interface Daemon {
  readonly pid: number;
  readonly exited: Promise<number>;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export function startDaemon(argv: string[], logFile: string, path = PATH): Daemon {
  const fd = openSync(logFile, "a", 0o600);
  try {
    const child = Bun.spawn(argv, {
      stdin: "ignore",
      stdout: fd,
      stderr: fd,
      env: { PATH: path, LC_ALL: "C.UTF-8" },
      detached: true,
    });
    child.unref();
    crashPoint("daemon");
    return { pid: child.pid, exited: child.exited };
  } finally {
    closeSync(fd);
  }
}
