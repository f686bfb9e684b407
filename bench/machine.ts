import { readFileSync } from "node:fs";
import { arch, cpus, loadavg, release, totalmem } from "node:os";
import { command } from "./command.ts";

/** Where and when a run was made: without it a figure says nothing. Taken before the first bench, load included. */
export async function machineLines(): Promise<string[]> {
  const os = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux";
  const commit = await command(["git", "-C", import.meta.dir, "rev-parse", "--short=12", "HEAD"]).catch(
    () => "unknown",
  );
  const dirty = await command(["git", "-C", import.meta.dir, "status", "--porcelain", "-uno"]).catch(() => "");
  const load = loadavg().map((l) => l.toFixed(2));
  return [
    `machine: ${cpus().length} cores (${cpus()[0]?.model.trim() ?? arch()}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, kernel ${release()}, ${os}`,
    `load at start: ${load.join(" ")} (1, 5 and 15 minutes)`,
    `date: ${new Date().toISOString().slice(0, 16)}Z, commit ${commit.trim()}${dirty.trim() ? " with changes" : ""}, Bun ${Bun.version}`,
  ];
}

const PEERS: [string, string[]][] = [
  ["LXC", ["lxc-start", "--version"]],
  ["LXD", ["lxd", "--version"]],
  ["nginx", ["nginx", "-v"]],
  ["OpenSSH", ["ssh", "-V"]],
];

/** Versions of the programs that stand beside docklet in the tables. */
export async function peerLine(): Promise<string> {
  const versions = await Promise.all(
    PEERS.map(async ([name, argv]) => {
      const text = await command(["/bin/sh", "-c", 'exec "$@" 2>&1', "sh", ...argv]).catch(() => "");
      const version = /\d+(?:\.\d+)+(?:p\d+)?/.exec(text)?.[0];
      return version ? `${name} ${version}` : null;
    }),
  );
  return `peers: ${versions.filter(Boolean).join(", ")}`;
}
