import type { Operation, Step } from "../contracts/public/operations.ts";
import { DockletError, messageOf } from "../lib/errors.ts";
import type { Context } from "./command.ts";
import type { Connection } from "./connection/connection.ts";
import { frames } from "./connection/frames.ts";
import { oneLine } from "./text.ts";

const POLL_MS = 1000;

/**
 * Shows the steps of an operation until it ends. The first Ctrl-C cancels it, the second leaves it running.
 * Resolves to the ended operation; one that failed is thrown as what the server said about it.
 */
export async function follow(ctx: Pick<Context, "out" | "connect">, started: Operation): Promise<Operation> {
  const connection = ctx.connect();
  const leave = new AbortController();
  let interrupts = 0;
  const interrupt = () => {
    interrupts++;
    if (interrupts > 1 || !started.cancellable) {
      leave.abort();
      return;
    }
    ctx.out.note("Cancelling; Ctrl-C again leaves it running.");
    connection.api.cancelOperation({ params: { id: started.id } }).catch((e) => ctx.out.warn(messageOf(e)));
  };
  process.on("SIGINT", interrupt);
  let shown = "";
  let last = started;
  try {
    for await (const operation of changes(connection, started, leave.signal)) {
      last = operation;
      const line = progressLine(operation);
      if (line !== shown && line !== "") ctx.out.progress(line);
      shown = line;
      if (isEnded(operation)) break;
    }
  } finally {
    process.off("SIGINT", interrupt);
    leave.abort();
  }
  if (!isEnded(last)) {
    throw new DockletError(
      "cancelled",
      `Left while ${last.kind} ${last.object} goes on.`,
      `\`docklet operation show ${last.id}\` tells how it is.`,
    );
  }
  if (last.state === "failed") {
    const failed = last.steps.find((s) => s.state === "failed");
    throw new DockletError(
      "internal",
      last.error?.message ?? `${last.kind} ${last.object} failed${failed ? ` at "${failed.name}"` : ""}.`,
      last.error?.hint ?? "",
    );
  }
  if (last.state === "cancelled") throw new DockletError("cancelled", `${last.kind} ${last.object} was cancelled.`);
  return last;
}

function isEnded(operation: Operation): boolean {
  return operation.state === "done" || operation.state === "failed" || operation.state === "cancelled";
}

/** The operation now and after each change: by the event stream, or by asking when there is none. */
async function* changes(connection: Connection, first: Operation, signal: AbortSignal): AsyncGenerator<Operation> {
  yield first;
  if (isEnded(first)) return;
  const params = { id: first.id };
  while (!signal.aborted) {
    try {
      for await (const frame of frames(connection, signal)) {
        // What happened before the stream was open is not in it.
        if (frame.type === "hello") yield await connection.api.operation({ params });
        else if (frame.type === "operation" && frame.data.id === first.id) yield frame.data;
      }
    } catch (e) {
      if (signal.aborted) return;
      if (!(e instanceof DockletError) && !(e instanceof SyntaxError) && !(e instanceof TypeError) && !isNetwork(e))
        throw e;
    }
    await new Promise((r) => setTimeout(r, POLL_MS));
    if (!signal.aborted) yield await connection.api.operation({ params });
  }
}

function isNetwork(e: unknown): boolean {
  return typeof (e as { code?: unknown } | null)?.code === "string";
}

/** `[2/5] booting 40% host-1` */
export function progressLine(operation: Operation): string {
  const at = operation.steps.findIndex((s) => s.state === "running" || s.state === "failed");
  const i = at === -1 ? operation.steps.findLastIndex((s) => s.state === "done") : at;
  const step = operation.steps[i];
  if (!step) return operation.state === "running" ? `${operation.kind} ${operation.object}` : "";
  return `[${i + 1}/${operation.steps.length}] ${stepText(step)}`;
}

export function stepText(step: Step): string {
  const percent = step.progress === null || step.state !== "running" ? "" : ` ${Math.floor(step.progress * 100)}%`;
  const state = step.state === "running" || step.state === "done" ? "" : ` ${step.state}`;
  return oneLine(`${step.name}${state}${percent}${step.message ? ` ${step.message}` : ""}`);
}
