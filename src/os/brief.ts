import { DockletError } from "../lib/errors.ts";
import { commandPoint, crashPoint } from "./crash-point.ts";
import type { ExecOptions, ExecResult } from "./exec.ts";

const KILL_AFTER_MS = 2_000;

/**
 * A command that is over in milliseconds and whose output fits in memory. Bun's own spawn, because what execa adds
 * costs more than the command itself (bench/spawn prints both), and a click waits for several of them.
 */
export async function runBriefly(argv: string[], env: Record<string, string>, o: ExecOptions): Promise<ExecResult> {
  const timeoutMs = o.timeoutMs ?? 30_000;
  let child: Bun.Subprocess<"ignore" | Uint8Array, "pipe", "pipe">;
  try {
    child = Bun.spawn(argv, {
      stdin: o.input === undefined ? "ignore" : new TextEncoder().encode(o.input),
      stdout: "pipe",
      stderr: "pipe",
      env,
      ...(o.cwd === undefined ? {} : { cwd: o.cwd }),
    }) as typeof child;
  } catch (e) {
    throw new DockletError(
      "host_command",
      `${argv[0]} could not be started: ${(e as Error).message}`,
      "`docklet doctor` tells which packages are missing.",
      { argv },
      e,
    );
  }
  let late = false;
  const stdout = new Collected(child.stdout);
  const stderr = new Collected(child.stderr);
  const timer = setTimeout(() => {
    late = true;
    child.kill(o.killSignal ?? "SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS).unref();
    // What it has started may keep the pipes open for ever: nobody waits for that.
    void child.exited.then(() => [stdout, stderr].map((s) => s.stop()));
  }, timeoutMs);
  try {
    const code = await child.exited;
    await Promise.all([stdout.ended, stderr.ended]);
    crashPoint(commandPoint(argv));
    if (!late && child.signalCode === null && (o.ok ?? [0]).includes(code))
      return { code, stdout: stdout.text(), stderr: stderr.text() };
    const why = late
      ? `did not finish in ${timeoutMs} ms`
      : child.signalCode
        ? `was ended by ${child.signalCode}`
        : `exited with ${code}`;
    throw new DockletError(
      "host_command",
      `${argv[0]} ${why}: ${stderr.text().trim().split("\n").slice(-6).join("\n")}`.slice(0, 2000),
      "",
      { argv, code },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** What comes out of a pipe until it ends or nobody cares any more. */
class Collected {
  readonly #chunks: Uint8Array[] = [];
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly ended: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.ended = this.#collect();
  }

  stop(): void {
    void this.#reader.cancel();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  async #collect(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) return;
      this.#chunks.push(value);
    }
  }
}
