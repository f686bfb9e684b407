import { TERMINAL_LIMITS } from "../../contracts/public/index.ts";
import type { NodeStream, StreamRequest } from "../../contracts/worker.ts";
import { type LiveProcess, spawnPipes, spawnTerminal } from "../../os/process.ts";

/** Turns argv for inside the node into argv for the host. */
export type Attach = (argv: string[], env: Record<string, string>) => string[];

const NODE_ENV = {
  HOME: "/root",
  USER: "root",
  LOGNAME: "root",
  SHELL: "/bin/bash",
  LANG: "C.UTF-8",
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  TERM: "xterm-256color",
};

/**
 * The terminal is tmux inside the node: the screen lives there, so it survives a reload, a lost network and a
 * restart of docklet, and several viewers share it. Images without tmux get a plain shell.
 */
const TERMINAL_SCRIPT =
  'cd "$HOME"; if command -v tmux >/dev/null 2>&1; then exec tmux -u -L docklet -f /usr/lib/docklet/tmux.conf new-session -A -s "$0"; fi; if command -v bash >/dev/null 2>&1; then exec bash -l; fi; exec sh -l';

const EXEC_SCRIPT = 'cd "$0" 2>/dev/null || { echo "docklet: no directory $0" >&2; exit 125; }; exec "$@"';

const clamp = (n: number, low: number, high: number) =>
  Math.min(high, Math.max(low, Math.floor(Number.isFinite(n) ? n : low)));

export function clampSize(cols: number, rows: number): [number, number] {
  return [
    clamp(cols, TERMINAL_LIMITS.minCols, TERMINAL_LIMITS.maxCols),
    clamp(rows, TERMINAL_LIMITS.minRows, TERMINAL_LIMITS.maxRows),
  ];
}

export function openStream(request: StreamRequest, attach: Attach): NodeStream {
  const [cols, rows] = clampSize(request.cols, request.rows);
  const listeners: ((fd: 1 | 2, data: Uint8Array) => void)[] = [];
  const early: [1 | 2, Uint8Array][] = [];
  const emit = (fd: 1 | 2, data: Uint8Array) => {
    if (listeners.length === 0) early.push([fd, data]);
    for (const l of listeners) l(fd, data);
  };
  let child: LiveProcess;
  if (request.kind === "terminal") {
    // $0 of the script carries the session's name: a parameter, never text of the script.
    child = spawnTerminal(
      attach(["sh", "-c", TERMINAL_SCRIPT, `docklet-${request.session}`], NODE_ENV),
      cols,
      rows,
      (d) => emit(1, d),
    );
  } else {
    const argv = attach(["sh", "-c", EXEC_SCRIPT, request.cwd || "/root", ...request.argv], {
      ...NODE_ENV,
      ...request.env,
    });
    child = request.tty ? spawnTerminal(argv, cols, rows, (d) => emit(1, d)) : spawnPipes(argv, emit);
  }
  return {
    write: (data) => child.write(data),
    end: () => child.end(),
    resize: (c, r) => child.resize(...clampSize(c, r)),
    close: () => child.kill(),
    onData: (listener) => {
      listeners.push(listener);
      for (const [fd, data] of early.splice(0)) listener(fd, data);
    },
    ...(child.pause && child.resume ? { pause: child.pause, resume: child.resume } : {}),
    exited: child.exited,
  };
}
