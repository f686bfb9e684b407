import { execa } from "execa";
import { DockletError } from "../lib/errors.ts";
import { runBriefly } from "./brief.ts";
import { commandPoint, crashPoint } from "./crash-point.ts";

/**
 * Runs host commands. Always an argv array, never a shell: a tenant's name can at worst be a
 * strange argument. Commands of ours take `--` or fixed positions before anything a person chose.
 */
export interface ExecOptions {
  /** Text for stdin; stdin is closed otherwise. */
  input?: string;
  /** Milliseconds; default 30 000. A command that outlives it is killed and fails. */
  timeoutMs?: number;
  cwd?: string;
  env?: Record<string, string>;
  /**
   * Called with every complete line of stdout and stderr, as it comes. The output is then not kept:
   * `stdout` is empty and `stderr` holds the last lines of both, so a build may print gigabytes.
   */
  onLine?: (line: string) => void;
  signal?: AbortSignal;
  /** What a cancelled or overdue command gets; default SIGTERM, and SIGKILL 5 s later. */
  killSignal?: "SIGTERM" | "SIGKILL";
  /** Exit codes that are no failure; default [0]. */
  ok?: number[];
}

export interface ExecResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Lines of a followed command's output that its error message is made from. */
const TAIL_LINES = 40;

/** PATH for everything that we start: what a login root has, whatever environment docklet got. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Runs `argv` to its end. Throws `host_command` with the command, its exit code and the end of its stderr. */
export async function run(argv: [string, ...string[]], options: ExecOptions = {}): Promise<ExecResult> {
  const environment = { PATH, LC_ALL: "C.UTF-8", ...options.env };
  if (!options.onLine && !options.signal) return runBriefly(argv, environment, options);
  const [file, ...args] = argv;
  const child = execa(file, args, {
    reject: false,
    stripFinalNewline: false,
    timeout: options.timeoutMs ?? 30_000,
    env: environment,
    extendEnv: false,
    cleanup: true,
    maxBuffer: 8 * 1024 * 1024,
    killSignal: options.killSignal ?? "SIGTERM",
    ...(options.onLine === undefined ? {} : { all: true as const, buffer: false as const }),
    ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  const followed: string[] = [];
  if (options.onLine) {
    const { onLine } = options;
    // Ends with the output; the way the command itself ended is read from the child below.
    const lines = child.iterable({ from: "all" as never });
    for await (const line of lines) {
      if (followed.push(String(line)) > TAIL_LINES) followed.shift();
      onLine(String(line));
    }
  }
  const r = await child;
  crashPoint(commandPoint(argv));
  if (options.signal?.aborted) throw new DockletError("cancelled", "The operation was cancelled.");
  const result = {
    code: r.exitCode ?? -1,
    stdout: String(r.stdout ?? ""),
    stderr: options.onLine ? followed.join("\n") : String(r.stderr ?? ""),
  };
  if ((options.ok ?? [0]).includes(result.code)) return result;
  const why = r.timedOut
    ? `did not finish in ${options.timeoutMs ?? 30_000} ms`
    : r.signal
      ? `was ended by ${r.signal}`
      : `exited with ${result.code}`;
  const tail = (result.stderr || r.shortMessage || "").trim().split("\n").slice(-6).join("\n");
  throw new DockletError("host_command", `${file} ${why}: ${tail}`.slice(0, 2000), "", { argv, code: result.code });
}

/** stdout of a command that must succeed. */
export async function output(argv: [string, ...string[]], options: ExecOptions = {}): Promise<string> {
  return (await run(argv, options)).stdout;
}
