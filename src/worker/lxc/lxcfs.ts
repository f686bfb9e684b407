import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "../../lib/log.ts";
import { until } from "../../lib/retry.ts";
import { startDaemon } from "../../os/daemon.ts";
import { isMounted, unmount } from "../../os/mounts.ts";
import { commandLine } from "../../os/procfs.ts";

const MOUNTPOINT = "/var/lib/lxcfs";

const pidFile = (localDir: string) => join(localDir, "run", "lxcfs.pid");

/** lxcfs shows nodes their own limits in /proc. Where no service runs it, we do; without it they see the host's numbers. */
export async function ensureLxcfs(localDir: string, log: Logger): Promise<void> {
  if (isMounted(MOUNTPOINT)) return;
  mkdirSync(MOUNTPOINT, { recursive: true });
  try {
    startDaemon(["lxcfs", "--pidfile", pidFile(localDir), MOUNTPOINT], join(localDir, "log", "lxcfs.log"));
    await until("lxcfs to mount", () => isMounted(MOUNTPOINT), { timeoutMs: 5_000 });
  } catch (err) {
    log.warn({ err }, "lxcfs does not run: nodes see the host's memory and cpu numbers");
  }
}

/** Pid of the lxcfs that this installation started, or null: a service of the host's is not ours to end. */
export function ownLxcfs(localDir: string): number | null {
  const file = pidFile(localDir);
  if (!existsSync(file)) return null;
  const pid = Number(readFileSync(file, "utf8"));
  return Number.isInteger(pid) && pid > 1 && commandLine(pid)?.includes(file) ? pid : null;
}

/** Ends it, and takes its mount away. Only when no node uses it any more. */
export async function endLxcfs(localDir: string): Promise<void> {
  const pid = ownLxcfs(localDir);
  if (pid === null) return;
  process.kill(pid, "SIGTERM");
  await until("lxcfs to end", () => !commandLine(pid), { timeoutMs: 10_000, firstMs: 20 });
  unmount(MOUNTPOINT);
  rmSync(pidFile(localDir), { force: true });
}
