import { descendants, signalAll } from "./descendants.ts";

/** Processes whose bytes people see: a terminal or plain pipes. Everything else runs through exec.ts. */

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const ENV = { PATH, LC_ALL: "C.UTF-8", TERM: "xterm-256color" };

/** What does not end when it is asked to has this long. */
const KILL_AFTER_MS = 2_000;

export interface LiveProcess {
  /** False when it has not taken everything yet; the rest is kept and sent later. */
  write(data: Uint8Array): boolean;
  end(): void;
  resize(cols: number, rows: number): void;
  kill(): void;
  /** Stop and go on handing over output; the process then waits on its full pipe. A terminal knows neither. */
  pause?(): void;
  resume?(): void;
  readonly exited: Promise<number>;
}

/** Runs `argv` on a terminal of its own. The options are passed inline: a pre-made Bun.Terminal delivers no ^C. */
export function spawnTerminal(
  argv: string[],
  cols: number,
  rows: number,
  onData: (data: Uint8Array) => void,
): LiveProcess {
  const child = Bun.spawn(argv, { env: ENV, terminal: { cols, rows, data: (_t, data) => onData(data) } });
  const terminal = child.terminal!;
  // People go on typing after the end; a closed terminal would throw at them.
  const type = (data: Uint8Array | string) => {
    if (!terminal.closed) terminal.write(data);
    return true;
  };
  return {
    write: type,
    end: () => void type("\x04"),
    resize: (c, r) => {
      if (!terminal.closed) terminal.resize(c, r);
    },
    kill: () => child.kill("SIGHUP"),
    exited: child.exited.then((code) => {
      terminal.close();
      return code;
    }),
  };
}

/** A door that readers wait at while it is closed. */
class Gate {
  #opened: Promise<void> = Promise.resolve();
  #open: () => void = () => {};

  close(): void {
    this.#open();
    this.#opened = new Promise((r) => {
      this.#open = r;
    });
  }

  open(): void {
    this.#open();
  }

  pass(): Promise<void> {
    return this.#opened;
  }
}

/** Runs `argv` on pipes; stdout and stderr stay apart. `exited` settles after the last byte was handed over. */
export function spawnPipes(argv: string[], onData: (fd: 1 | 2, data: Uint8Array) => void): LiveProcess {
  const child = Bun.spawn(argv, { env: ENV, stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  const gate = new Gate();
  let killed = false;
  // What a process that has ended, or has closed its stdin, does not take is lost: nobody is to be told.
  const taken = (flushed: () => unknown): boolean => {
    try {
      const rest = flushed();
      if (!(rest instanceof Promise)) return true;
      rest.catch(() => {});
      return false;
    } catch {
      return true;
    }
  };
  const pump = async (fd: 1 | 2, stream: ReadableStream<Uint8Array>) => {
    for await (const chunk of stream) {
      await gate.pass();
      onData(fd, chunk);
    }
  };
  const drained = Promise.all([pump(1, child.stdout), pump(2, child.stderr)]);
  return {
    write: (data) =>
      taken(() => {
        const written: number | Promise<number> = child.stdin.write(data);
        if (typeof written !== "number") written.catch(() => {});
        return child.stdin.flush();
      }),
    end: () => void taken(() => child.stdin.end()),
    resize: () => {},
    kill: () => {
      killed = true;
      gate.open();
      if (child.exitCode !== null || child.signalCode !== null) return;
      // What runs in a node is a child of the command that brought it there, and would stay without it.
      const started = descendants(child.pid);
      signalAll(started, "SIGTERM");
      if (started.length === 0) child.kill("SIGKILL");
      const last = setTimeout(() => {
        signalAll(descendants(child.pid), "SIGKILL");
        child.kill("SIGKILL");
      }, KILL_AFTER_MS);
      void child.exited.finally(() => clearTimeout(last));
    },
    pause: () => {
      // Its end is waited for: the output that is left must pass.
      if (!killed) gate.close();
    },
    resume: () => gate.open(),
    exited: drained.then(() => child.exited),
  };
}
