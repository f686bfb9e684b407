import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * What the kernel holds that docklet could have made and forgotten. Taken before and after a test: the two must
 * be equal. Also a program, for scripts/test.sh: `leaks.ts snapshot FILE` and `leaks.ts diff FILE`.
 */
export interface Snapshot {
  links: string[];
  namespaces: string[];
  mounts: string[];
  cgroups: string[];
  rules: string[];
  sets: string[];
  tables: string[];
  routes: string[];
  loops: string[];
  processes: string[];
  files: string[];
}

/** Places outside a test's own folder that an installation would leave things in. */
const PLACES = [
  "/etc/docklet",
  "/etc/systemd/system/docklet.service",
  "/etc/modules-load.d/docklet.conf",
  "/opt/docklet",
  "/usr/local/bin/docklet",
  "/var/lib/docklet-install",
];
const OURS = /docklet|lxc/i;
/** Programs that tests start, besides docklet's own. */
const STARTED = /docklet|lxc|chrom/i;
const NODE_UIDS = 1_000_000;

export function snapshot(): Snapshot {
  return {
    links: listing("/sys/class/net"),
    namespaces: listing("/run/netns"),
    mounts: mounts(),
    cgroups: cgroups("/sys/fs/cgroup").sort(),
    rules: [...rules("iptables-save"), ...rules("ip6tables-save")],
    sets: lines(["ipset", "list", "-name"]),
    tables: lines(["nft", "list", "tables"]).filter(
      (t) => !/^table (ip6?|bridge) (filter|nat|mangle|raw|security)$/.test(t),
    ),
    routes: [...lines(["ip", "-4", "route", "show", "table", "all"]), ...lines(["ip", "-4", "rule", "show"])].map((r) =>
      r.replace(/ (linkdown|quickack 1)\b/g, ""),
    ),
    loops: loops(),
    processes: processes(),
    files: files(),
  };
}

/** May end by themselves while tests run; all else that is gone was the host's and has been taken from it. */
const FLEETING: (keyof Snapshot)[] = ["processes", "cgroups", "files"];

/** `+ mounts /x` for what came, `- links y` for what went. Empty: equal. */
export function diff(before: Snapshot, after: Snapshot): string[] {
  const out: string[] = [];
  for (const kind of Object.keys(before) as (keyof Snapshot)[]) {
    out.push(...minus(after[kind], before[kind]).map((x) => `+ ${kind} ${x}`));
    if (!FLEETING.includes(kind)) out.push(...minus(before[kind], after[kind]).map((x) => `- ${kind} ${x}`));
  }
  return out;
}

/** Teardown is asynchronous: waits for the state to be equal again, and tells what is not. */
export async function settle(before: Snapshot, timeoutMs = 10_000): Promise<string[]> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const left = diff(before, snapshot());
    if (left.length === 0 || performance.now() > deadline) return left;
    await Bun.sleep(100);
  }
}

/** Counts: the same line twice is not the same as once. */
function minus(a: string[], b: string[]): string[] {
  const count = new Map<string, number>();
  for (const x of b) count.set(x, (count.get(x) ?? 0) + 1);
  return a.filter((x) => {
    const n = count.get(x) ?? 0;
    count.set(x, n - 1);
    return n <= 0;
  });
}

function listing(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch {
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function lines(argv: string[]): string[] {
  const r = Bun.spawnSync(argv, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  if (r.exitCode !== 0) throw new Error(`${argv.join(" ")}: ${r.stderr}`);
  return String(r.stdout)
    .split("\n")
    .map((l) => l.trim())
    .filter(Boolean)
    .sort();
}

/** Rules and own chains; counters and the policy lines of built-in chains say nothing. */
function rules(command: string): string[] {
  return lines([command])
    .filter((l) => l.startsWith("-A") || (l.startsWith(":") && l.includes(" - ")))
    .map((l) => `${command === "iptables-save" ? "4" : "6"} ${l.replace(/ \[\d+:\d+\]$/, "")}`);
}

function mounts(): string[] {
  return text("/proc/self/mountinfo")
    .split("\n")
    .filter(Boolean)
    .map((l) => {
      const [left, right] = l.split(" - ");
      return `${left!.split(" ")[4]} ${right!.split(" ").slice(0, 2).join(" ")}`;
    })
    .sort();
}

/** Groups with a name of ours anywhere in the path: those of the host's own services come and go. */
function cgroups(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true })
    .filter((d) => d.isDirectory())
    .flatMap((d) => {
      const path = join(dir, d.name);
      try {
        return [...(OURS.test(path) ? [path] : []), ...cgroups(path)];
      } catch {
        return [];
      }
    });
}

function loops(): string[] {
  return listing("/sys/block").flatMap((name) => {
    const file = text(`/sys/block/${name}/loop/backing_file`).trim();
    return name.startsWith("loop") && file ? [`${name} ${file}`] : [];
  });
}

/** docklet, LXC, and everything that runs with the uid of a node. Not this very test run. */
function processes(): string[] {
  const self = new Set(ancestors(process.pid));
  return listing("/proc")
    .filter((p) => /^\d+$/.test(p) && !self.has(Number(p)))
    .flatMap((pid) => {
      const command = text(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
      const uid = Number(/^Uid:\s+(\d+)/m.exec(text(`/proc/${pid}/status`))?.[1] ?? 0);
      const program = exe(pid);
      const ours = STARTED.test(program) || /^\[lxc|\blxc-|\blxcfs\b|\bdocklet serve\b/.test(command);
      return ours || uid >= NODE_UIDS ? [`${pid} ${uid} ${command.slice(0, 120)}`] : [];
    });
}

function exe(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}

function ancestors(pid: number): number[] {
  const parent = Number(/^PPid:\s+(\d+)/m.exec(text(`/proc/${pid}/status`))?.[1] ?? 0);
  return parent > 1 ? [pid, ...ancestors(parent)] : [pid];
}

function files(): string[] {
  const temp = listing(tmpdir()).filter((n) => n.startsWith("docklet"));
  const places = PLACES.filter((p) => listing(p).length > 0 || text(p) !== "");
  return [...places, ...temp.map((n) => join(tmpdir(), n))];
}

if (import.meta.main) {
  const [verb, file] = process.argv.slice(2);
  if (verb === "snapshot" && file) {
    await Bun.write(file, JSON.stringify(snapshot(), null, 1));
  } else if (verb === "diff" && file) {
    const left = await settle((await Bun.file(file).json()) as Snapshot);
    for (const line of left) console.log(line);
    process.exit(left.length === 0 ? 0 : 1);
  } else {
    console.error("usage: leaks.ts snapshot|diff FILE");
    process.exit(2);
  }
}
