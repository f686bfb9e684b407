import { type FSWatcher, mkdirSync, readdirSync, rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "../../lib/log.ts";
import type { Layout } from "../layout.ts";

/**
 * LXC calls this when a container has its namespaces but has not run init yet ("up", also at a reboot inside the
 * node), and when it is over ("down"). It puts the network back, which a reboot makes anew, and leaves a note that
 * docklet sees at once, or finds later when it was not running.
 */
const SCRIPT = `#!/bin/sh
# $1 what, $2 folder of the instance, $3 its id; LXC_PID and LXC_TARGET come from LXC
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin
if [ "$1" = up ]; then
  # One write: a reader sees all of it or nothing. The container waits for this script, so it starts no process.
  echo "$LXC_PID" > "$2/init.pid" || exit 1
  if [ -f "$2/net.host" ]; then
    ip -force -batch "$2/net.host"
    nsenter --net="/proc/$LXC_PID/ns/net" ip -force -batch "$2/net.guest"
  fi
elif [ "\${LXC_TARGET:-stop}" = reboot ]; then
  # Not over: "up" follows, with another init.
  exit 0
fi
: > "@EVENTS@/$3.$1"
exit 0
`;

export type HookListener = (id: string, what: "up" | "down") => void;

/** Writes the hook and tells `listener` of every note, those left while docklet was away included. */
export function watchHooks(layout: Layout, listener: HookListener, log: Logger): FSWatcher {
  mkdirSync(layout.events, { recursive: true, mode: 0o700 });
  mkdirSync(layout.lxcPath, { recursive: true, mode: 0o711 });
  writeFileSync(layout.hook, SCRIPT.replaceAll("@EVENTS@", layout.events), { mode: 0o700 });
  const take = (file: string) => {
    const [id, what] = file.split(".");
    if (!id || (what !== "up" && what !== "down")) return;
    rmSync(join(layout.events, file), { force: true });
    listener(id, what);
  };
  const drain = () => {
    for (const file of readdirSync(layout.events)) take(file);
  };
  const watcher = watch(layout.events, (event) => {
    // Our own removal makes an event too; the folder is read instead of trusting names that may be lost.
    if (event === "rename" || event === "change") drain();
  });
  watcher.on("error", (err) => log.error({ err }, "lost sight of container events"));
  drain();
  return watcher;
}
