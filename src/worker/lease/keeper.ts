import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UPTIME } from "../../os/clock.ts";
import { startDaemon } from "../../os/daemon.ts";
import { commandLine } from "../../os/procfs.ts";
import type { Layout } from "../layout.ts";

/**
 * Nodes outlive docklet, and so must the end of the lease: when docklet was killed, or stands still, this shell freezes
 * the nodes whose owners don't want them kept. It needs nothing but the file, and ends with it.
 */
const SCRIPT = `#!/bin/sh
# $2: seconds since the machine has booted. $1: first line, the end of the lease; second, when to step in, s; then what to write where
set -u
while [ -r "$1" ]; do
  rows=0
  due=
  read -r up idle < "$2"
  while read -r word file; do
    rows=$((rows + 1))
    if [ "$rows" -eq 2 ]; then
      due=$word
    elif [ "$rows" -gt 2 ] && [ "\${up%.*}" -ge "$due" ] && [ -w "$file" ]; then
      echo "$word" > "$file"
    fi
  done < "$1" 2>/dev/null
  [ "$rows" -gt 2 ] || exit 0
  sleep 1
done
`;

export const leaseFile = (layout: Layout): string => join(layout.live, "lease");
const scriptFile = (layout: Layout): string => join(layout.live, "keeper.sh");
const pidFile = (layout: Layout): string => join(layout.live, "keeper.pid");

/** Pid of the keeper of this installation; null: it does not run. */
export function keeperPid(layout: Layout): number | null {
  if (!existsSync(pidFile(layout))) return null;
  const pid = Number(readFileSync(pidFile(layout), "utf8"));
  return commandLine(pid)?.split(" ").includes(scriptFile(layout)) ? pid : null;
}

export function startKeeper(layout: Layout): void {
  if (keeperPid(layout) !== null) return;
  writeFileSync(scriptFile(layout), SCRIPT, { mode: 0o700 });
  const { pid } = startDaemon(["/bin/sh", scriptFile(layout), leaseFile(layout), UPTIME], "/dev/null");
  writeFileSync(pidFile(layout), `${pid}\n`, { mode: 0o600 });
}

export function endKeeper(layout: Layout): void {
  rmSync(leaseFile(layout), { force: true });
  const pid = keeperPid(layout);
  if (pid !== null) process.kill(pid, "SIGKILL");
}
