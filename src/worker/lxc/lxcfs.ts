import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "../../lib/log.ts";
import { until } from "../../lib/retry.ts";
import { startDaemon } from "../../os/daemon.ts";
import { isMounted } from "../../os/mounts.ts";

const MOUNTPOINT = "/var/lib/lxcfs";

/** lxcfs shows nodes their own limits in /proc. Where no service runs it, we do; without it they see the host's numbers. */
export async function ensureLxcfs(localDir: string, log: Logger): Promise<void> {
  if (isMounted(MOUNTPOINT)) return;
  mkdirSync(MOUNTPOINT, { recursive: true });
  try {
    startDaemon(
      ["lxcfs", "--pidfile", join(localDir, "run", "lxcfs.pid"), MOUNTPOINT],
      join(localDir, "log", "lxcfs.log"),
    );
    await until("lxcfs to mount", () => isMounted(MOUNTPOINT), { timeoutMs: 5_000 });
  } catch (err) {
    log.warn({ err }, "lxcfs does not run: nodes see the host's memory and cpu numbers");
  }
}
