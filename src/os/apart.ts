import { DockletError, messageOf } from "../lib/errors.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Processes that never came back and can't be killed: waiting for them, they hold a little memory each. */
const MOST_LOST = 8;
let lost = 0;

/**
 * Runs a command that may never come back, because it touches a file system whose server may be gone: there a process
 * can hang where not even SIGKILL reaches it. Nobody waits for it longer than `timeoutMs`. It gets a process group of
 * its own, which is killed then: should it wake up one day, it does nothing more. Answers its stdout. Throws
 * `unavailable` when it is late or when too many are lost already, `host_command` when it fails.
 */
export async function runApart(argv: [string, ...string[]], timeoutMs: number): Promise<string> {
  if (lost >= MOST_LOST) throw late(argv, `and ${lost} commands before it still wait`);
  const child = Bun.spawn(argv, {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH, LC_ALL: "C.UTF-8" },
    detached: true,
  });
  const readers = [child.stdout.getReader(), child.stderr.getReader()];
  const answer = Promise.all([...readers.map(textOf), child.exited] as [
    Promise<string>,
    Promise<string>,
    Promise<number>,
  ]);
  const timer = Promise.withResolvers<null>();
  const timeout = setTimeout(() => timer.resolve(null), timeoutMs);
  try {
    const done = await Promise.race([answer, timer.promise]);
    if (done === null) {
      lost++;
      void child.exited.finally(() => lost--);
      end(child.pid);
      for (const r of readers) void r.cancel().catch(() => {});
      child.unref();
      throw late(argv, `within ${timeoutMs / 1000} s`);
    }
    const [out, err, code] = done;
    if (code === 0) return out;
    throw new DockletError("host_command", err.trim().split("\n").slice(-3).join("; ").slice(0, 500) || `exit ${code}`);
  } finally {
    clearTimeout(timeout);
  }
}

/** How many commands wait for a file system that does not answer. */
export const lostProcesses = (): number => lost;

const late = (argv: string[], how: string) =>
  new DockletError("unavailable", `The file system does not answer: ${argv[0]} did not come back ${how}.`);

function end(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (e) {
    if ((e as { code?: string }).code !== "ESRCH") throw new Error(`process group ${pid}: ${messageOf(e)}`);
  }
}

async function textOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return Buffer.concat(chunks).toString();
    chunks.push(value);
  }
}
