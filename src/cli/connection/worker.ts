import { existsSync } from "node:fs";
import { join } from "node:path";
import { WORKER_SOCKET, WorkerStatus } from "../../contracts/worker-status.ts";
import { SOCKET } from "./find-target.ts";

const ANSWER_MS = 5_000;

/** Asks the worker that runs from this FS_PREFIX without a portal; null: none does. */
export async function workerStatus(prefix: string): Promise<WorkerStatus | null> {
  const unix = join(prefix, WORKER_SOCKET);
  if (existsSync(join(prefix, SOCKET)) || !existsSync(unix)) return null;
  try {
    const res = await fetch("http://localhost/status", {
      unix,
      signal: AbortSignal.timeout(ANSWER_MS),
    } as RequestInit);
    return WorkerStatus.parse(await res.json());
  } catch {
    // A socket of one that was killed: nobody is there.
    return null;
  }
}
