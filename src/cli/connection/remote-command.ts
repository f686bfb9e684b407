import type { ExecStart, StreamReply } from "../../contracts/public/vclusters.ts";
import { DockletError } from "../../lib/errors.ts";

/** Exit code when the connection ends before the command: what ssh answers. */
export const LOST = 255;
/** More than this waits for the network: stdin is read no further until it has gone. */
const HIGH_WATER = 1024 * 1024;
const FRAME = 65_536;

export interface RemoteCommandOptions {
  socket: WebSocket;
  start: ExecStart;
  /** Bytes for its stdin; null: none. */
  stdin: AsyncIterable<Uint8Array> | null;
  /** May block: then nothing more is read from the network either. */
  write(fd: 1 | 2, data: Uint8Array): void;
  /** Called with a way to tell the other side about a new terminal size. */
  onResize?: (send: (cols: number, rows: number) => void) => () => void;
  signal: AbortSignal;
}

/**
 * Runs one command inside a node through an open-ended WebSocket, as contracts/public/vclusters.ts describes it.
 * Resolves to the command's own exit code. Aborting the signal ends the command.
 */
export async function runRemote(options: RemoteCommandOptions): Promise<number> {
  const { socket } = options;
  socket.binaryType = "arraybuffer";
  const ended = Promise.withResolvers<number>();
  const opened = Promise.withResolvers<void>();
  let isOpen = false;
  let stopResize = () => {};
  const failed = (message: string, hint: string) => {
    const e = new DockletError("unavailable", message, hint);
    opened.reject(e);
    ended.reject(e);
  };
  // Whoever waits for one of them does not wait for the other.
  opened.promise.catch(() => {});
  ended.promise.catch(() => {});
  socket.onopen = () => {
    isOpen = true;
    opened.resolve();
  };
  socket.onmessage = (event) => {
    if (typeof event.data !== "string") {
      const bytes = new Uint8Array(event.data as ArrayBuffer);
      if (bytes.length > 1) options.write(bytes[0] === 2 ? 2 : 1, bytes.subarray(1));
      return;
    }
    const reply = JSON.parse(event.data) as StreamReply;
    if (reply.type === "exit") ended.resolve(reply.code);
    else if (reply.type === "error") failed(reply.message, reply.hint);
  };
  socket.onclose = (event) => {
    if (options.signal.aborted) ended.resolve(LOST);
    else if (!isOpen)
      failed(
        "The node could not be reached through the portal.",
        "`docklet vcluster show` tells how it is; try again.",
      );
    else
      failed(
        event.code === 1008
          ? "The command was ended: you are no longer allowed here."
          : event.code === 1013
            ? "The command was ended: its output came faster than it was read."
            : `The connection was lost before the command ended${event.reason ? `: ${event.reason}` : ""} (${event.code}).`,
        event.code === 1008 ? "`docklet login` again." : "Look with `docklet exec … -- ps` whether it still runs.",
      );
  };
  socket.onerror = () => socket.close();
  const abort = () => {
    socket.close();
    ended.resolve(LOST);
    opened.reject(new DockletError("cancelled", "Interrupted."));
  };
  options.signal.addEventListener("abort", abort, { once: true });
  if (options.signal.aborted) abort();
  try {
    await opened.promise;
    socket.send(JSON.stringify(options.start));
    stopResize =
      options.onResize?.((cols, rows) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "resize", cols, rows }));
      }) ?? stopResize;
    void sendInput(options, ended.promise).catch(ended.reject);
    return await ended.promise;
  } finally {
    stopResize();
    options.signal.removeEventListener("abort", abort);
    socket.close();
  }
}

async function sendInput({ socket, stdin }: RemoteCommandOptions, ended: Promise<number>): Promise<void> {
  let over = false;
  const finish = () => {
    over = true;
  };
  ended.then(finish, finish);
  if (stdin) {
    for await (const chunk of stdin) {
      if (over || socket.readyState !== WebSocket.OPEN) return;
      for (let at = 0; at < chunk.length; at += FRAME) socket.send(chunk.slice(at, at + FRAME));
      while (socket.bufferedAmount > HIGH_WATER && socket.readyState === WebSocket.OPEN) await Bun.sleep(5);
    }
  }
  if (!over && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "eof" }));
}
