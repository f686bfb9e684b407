import { closeSync, openSync, readSync } from "node:fs";
import { DockletError } from "../lib/errors.ts";
import { crashPoint } from "./crash-point.ts";
import { output, run } from "./exec.ts";

/** Snapshots as streams of bytes: `btrfs send` and `btrfs receive`. Both end with docklet, however that ends. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const ENV = { PATH, LC_ALL: "C.UTF-8" };
/** Gets SIGKILL when the process that started it dies; nobody else would end it. */
const BOUND = ["setpriv", "--pdeathsig", "KILL", "--"];

export interface SubvolumeStream extends AsyncIterable<Uint8Array> {
  kill(): void;
  /** Settles when the process has ended, however it did. */
  readonly ended: Promise<void>;
}

/**
 * The bytes of a read-only subvolume, or what differs from `parent`. The process waits while nobody reads. Iterating
 * throws `host_command` when it did not come to its end.
 */
export function sendSubvolume(path: string, parent: string | null): SubvolumeStream {
  const argv = [...BOUND, "btrfs", "-q", "send", ...(parent === null ? [] : ["-p", parent]), path];
  const child = Bun.spawn(argv, { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: ENV });
  const said = new Response(child.stderr).text();
  async function* bytes() {
    for await (const chunk of child.stdout) yield chunk;
    await over(argv, child, said);
  }
  return {
    kill: () => child.kill("SIGKILL"),
    ended: child.exited.then(() => {}),
    [Symbol.asyncIterator]: bytes,
  };
}

/**
 * Makes a subvolume in `folder` out of the file's bytes from `offset` on; it is called as it was where it came from.
 * The command sees nothing but the folder, so whatever is in the stream stays in there. What it has made when it fails,
 * or is ended by the signal, is left for whoever called.
 */
export async function receiveSubvolume(
  folder: string,
  file: { path: string; offset: number },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const fd = openSync(file.path, "r");
  try {
    // The command reads on where this file descriptor stands.
    const skipped = Buffer.alloc(file.offset);
    for (let at = 0; at < file.offset; ) {
      const n = readSync(fd, skipped, at, file.offset - at, null);
      if (n === 0) throw new Error(`${file.path} has no ${file.offset} bytes`);
      at += n;
    }
    const argv = [...BOUND, "btrfs", "-q", "receive", "-C", folder];
    const child = Bun.spawn(argv, { stdin: fd, stdout: "ignore", stderr: "pipe", env: ENV });
    const kill = () => child.kill("SIGKILL");
    signal.addEventListener("abort", kill, { once: true });
    try {
      await over(argv, child, new Response(child.stderr).text());
      crashPoint("btrfs receive");
    } finally {
      signal.removeEventListener("abort", kill);
    }
    signal.throwIfAborted();
  } finally {
    closeSync(fd);
  }
}

async function over(argv: string[], child: Bun.Subprocess, said: Promise<string>): Promise<void> {
  const code = await child.exited;
  if (code === 0 && child.signalCode === null) return;
  const [, , , , ...command] = argv;
  const why = child.signalCode ? `was ended by ${child.signalCode}` : `exited with ${code}`;
  const tail = (await said).trim().split("\n").slice(-6).join("\n");
  throw new DockletError("host_command", `${command.slice(0, 3).join(" ")} ${why}: ${tail}`.slice(0, 2000), "", {
    argv,
    code,
  });
}

/** Is it a read-only subvolume? One that is still being received is not. */
export async function isReadonly(path: string): Promise<boolean> {
  const { stdout, code } = await run(["btrfs", "property", "get", "-ts", path, "ro"], { ok: [0, 1] });
  return code === 0 && stdout.trim() === "ro=true";
}

/** Was `path` made as a snapshot of `source`? */
export async function isSnapshotOf(path: string, source: string): Promise<boolean> {
  const uuid = async (of: string, what: string) => {
    const shown = await output(["btrfs", "subvolume", "show", of]);
    return new RegExp(`^\\s*${what}:\\s+([0-9a-f-]{36})`, "m").exec(shown)?.[1];
  };
  const parent = await uuid(path, "Parent UUID");
  return parent !== undefined && parent === (await uuid(source, "UUID"));
}

/** Bytes that a subvolume refers to. */
export async function referencedBytes(path: string): Promise<number> {
  const shown = await output(["btrfs", "qgroup", "show", "--raw", "--sync", "-f", path], { timeoutMs: 120_000 });
  return Number(/^0\/\d+\s+(\d+)/m.exec(shown)?.[1] ?? 0);
}

/** Bytes of files that were written in a subvolume since the snapshot `parent` was taken. */
export async function changedBytes(path: string, parent: string): Promise<number> {
  const marker = await output(["btrfs", "subvolume", "find-new", parent, "9999999999"]);
  // What was written in the very transaction of the snapshot is in it.
  const generation = String(Number(/transid marker was (\d+)/.exec(marker)?.[1] ?? -1) + 1);
  let sum = 0;
  await run(["btrfs", "subvolume", "find-new", path, generation], {
    timeoutMs: 300_000,
    onLine: (line) => {
      const length = / len (\d+) /.exec(line)?.[1];
      if (length !== undefined) sum += Number(length);
    },
  });
  return sum;
}
