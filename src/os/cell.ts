import { DockletError, isDocklet } from "../lib/errors.ts";
import { run } from "./exec.ts";

/**
 * A cell: commands run at the lowest priority in mount and process namespaces of their own, so that whatever way
 * they end, no mount and no process of theirs is left on the host. Images are built in cells. This keeps a
 * build from leaving traces; it is no wall against hostile code: what runs in a cell is the host's root.
 */
export interface Cell {
  /** Folder on the pool that holds `root`, and for an image with a parent also `work` and `merged`. */
  base: string;
  /** Layers below, topmost first; none: `root` is the whole tree. */
  lowers: string[];
  /** Folder that takes the place of /var/cache/apt/archives while the command runs. */
  archives?: string;
}

export interface CellOptions {
  env?: Record<string, string>;
  onLine: (line: string) => void;
  signal?: AbortSignal;
}

/** Own namespaces; killed with docklet (setpriv) and with all that it started (--kill-child of a pid namespace). */
const ALONE = [
  ..."-n 19 ionice -c 3 setpriv --pdeathsig KILL".split(" "),
  ..."unshare --mount --propagation private --ipc --uts --pid --fork --kill-child=KILL --mount-proc".split(" "),
];

/** The pool is mounted nosuid,nodev; a tree under construction needs both, in the cell only. */
const REMOUNT = `
set -eu
base=$1; shift
mount --bind "$base" "$base"
mount -o remount,bind,suid,dev "$base"
`;

const ENTER = `${REMOUNT}
lower=$1 archives=$2; shift 2
root=$base/root
if [ -n "$lower" ]; then
  root=$base/merged
  mount -t overlay docklet-build -o "lowerdir=$lower,upperdir=$base/root,workdir=$base/work,index=off,xino=off" "$root"
fi
for d in proc dev run tmp; do [ -d "$root/$d" ] || mkdir "$root/$d"; done
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o nosuid,mode=755 docklet-build "$root/run"
mkdir "$root/run/lock"
mount -t tmpfs -o nosuid,mode=755 docklet-build "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,nosuid,noexec,mode=620,ptmxmode=666,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o nosuid,nodev,mode=1777 docklet-build "$root/dev/shm"
for n in null zero full random urandom tty; do : > "$root/dev/$n"; mount --bind "/dev/$n" "$root/dev/$n"; done
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
if [ -n "$archives" ] && [ -d "$root/var/cache/apt/archives" ]; then
  mount --bind "$archives" "$root/var/cache/apt/archives"
fi
cd "$root"
exec chroot "$root" "$@" 3>&1
`;

const OUTSIDE = `${REMOUNT}
exec "$@"
`;

/** A build may take hours on a slow mirror; it is ended by a person, not by a clock. */
const NO_TIMEOUT = 0;

async function cellRun(script: string, args: string[], command: string[], options: CellOptions): Promise<void> {
  const argv: [string, ...string[]] = ["nice", ...ALONE, "sh", "-c", script, "docklet-cell", ...args, ...command];
  try {
    await run(argv, { ...options, timeoutMs: NO_TIMEOUT, killSignal: "SIGKILL" });
  } catch (e) {
    if (!isDocklet(e, "host_command")) throw e;
    // Speak of the command, not of the shell around it.
    throw new DockletError("host_command", e.message.replace(/^nice/, command[0]!), "", { argv: command });
  }
}

/** Runs `argv` chrooted into the cell's tree. Its fd 3 goes where stdout goes: apt closes the one that it tells its status on to its children. */
export function runInside(cell: Cell, argv: string[], options: CellOptions): Promise<void> {
  return cellRun(ENTER, [cell.base, cell.lowers.join(":"), cell.archives ?? ""], argv, options);
}

/** Runs a host command that works on the cell's tree, for example the one that makes it. */
export function runBeside(cell: Pick<Cell, "base">, argv: string[], options: CellOptions): Promise<void> {
  return cellRun(OUTSIDE, [cell.base], argv, options);
}
