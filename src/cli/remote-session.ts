import { isatty } from "node:tty";
import { DockletError } from "../lib/errors.ts";
import { type Context, UsageError } from "./command.ts";
import { LOST, runRemote } from "./connection/remote-command.ts";
import { writeAll } from "./sink.ts";

/** `lab` or `lab/host-2`, and what may follow. */
export function parseNodeRef(text: string): { name: string; node: string } {
  const [name, node = "host-0", ...more] = text.split("/");
  if (!name || !node || more.length > 0) {
    throw new UsageError(`"${text.slice(0, 60)}" names no node.`, "Write VC or VC/NODE, for example lab/host-1.");
  }
  return { name, node: /^\d+$/.test(node) ? `host-${node}` : node };
}

export interface SessionOptions {
  target: string;
  owner: string | undefined;
  argv: string[];
  /** null: a terminal when we have one ourselves. */
  tty: boolean | null;
  stdin: boolean;
}

/** Runs a command in a node with our own stdin, stdout, stderr, window size and signals. */
export async function remoteSession(ctx: Context, options: SessionOptions): Promise<number> {
  const { name, node } = parseNodeRef(options.target);
  const connection = ctx.connect();
  const query = options.owner === undefined ? {} : { owner: options.owner };
  // A WebSocket that is refused does not say why; this does.
  const vcluster = await connection.api.vcluster({ params: { name }, query });
  const found = vcluster.nodes.find((n) => n.name === node);
  if (!found) {
    throw new DockletError(
      "not_found",
      `${name} has no node ${node}.`,
      `It has ${vcluster.nodes.map((n) => n.name).join(", ") || "none"}.`,
    );
  }
  if (found.state !== "ready") {
    throw new DockletError(
      "unavailable",
      `${name}/${node} is ${found.state}${found.reason ? `: ${found.reason}` : ""}.`,
      found.state === "stopped" ? `\`docklet vcluster start ${name}\`` : "Try again when it is ready.",
    );
  }
  const tty = options.tty ?? (isatty(0) && isatty(1));
  const raw = tty && options.stdin && isatty(0);
  const abort = new AbortController();
  let signalled = 0;
  const onSignal = (code: number) => () => {
    signalled = code;
    abort.abort();
  };
  const handlers = [
    ["SIGINT", onSignal(130)],
    ["SIGTERM", onSignal(143)],
    ["SIGHUP", onSignal(129)],
  ] as const;
  for (const [signal, handler] of handlers) process.on(signal, handler);
  if (raw) process.stdin.setRawMode(true);
  try {
    const size = windowSize();
    const owner = options.owner === undefined ? "" : `?owner=${encodeURIComponent(options.owner)}`;
    const path = `/api/v1/vclusters/${encodeURIComponent(name)}/nodes/${encodeURIComponent(node)}/exec${owner}`;
    const code = await runRemote({
      socket: connection.socket(path),
      start: {
        argv: options.argv,
        tty,
        ...(tty ? { ...size, env: terminalEnv(ctx.env) } : {}),
      },
      stdin: options.stdin ? (process.stdin as unknown as AsyncIterable<Uint8Array>) : null,
      write: writeAll,
      onResize: (send) => {
        if (!tty) return () => {};
        const resized = () => {
          const { cols, rows } = windowSize();
          send(cols, rows);
        };
        process.on("SIGWINCH", resized);
        return () => process.off("SIGWINCH", resized);
      },
      signal: abort.signal,
    });
    return signalled || code;
  } catch (e) {
    if (signalled > 0) return signalled;
    if (!(e instanceof DockletError)) throw e;
    // Not 1: that could be the command's own.
    ctx.out.error(e.message, e.hint);
    return LOST;
  } finally {
    if (raw) process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stdin.unref?.();
    for (const [signal, handler] of handlers) process.off(signal, handler);
  }
}

function windowSize(): { cols: number; rows: number } {
  const { columns, rows } = process.stdout;
  const within = (n: number | undefined, fallback: number) => Math.min(1000, Math.max(1, n || fallback));
  return { cols: within(columns, 80), rows: within(rows, 24) };
}

function terminalEnv(env: Record<string, string | undefined>): Record<string, string> {
  const names = ["TERM", "COLORTERM"] as const;
  return Object.fromEntries(names.flatMap((k) => (env[k] ? [[k, env[k]!.slice(0, 100)]] : [])));
}
