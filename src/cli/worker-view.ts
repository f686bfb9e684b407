import type { WorkerStatus } from "../contracts/worker-status.ts";
import type { Context } from "./command.ts";
import { formatFields } from "./table.ts";
import { duration } from "./text.ts";

/** How a host without the portal is. Exit code 1: something is not well. */
export function showWorker(ctx: Context, worker: WorkerStatus): number {
  ctx.out.data(worker, () => ctx.out.stdout.write(formatFields(workerFields(worker, Date.now()))));
  return Object.values(worker.checks).every((c) => c === null) ? 0 : 1;
}

export function workerFields({ name, version, nodes, master, checks }: WorkerStatus, now: number): [string, string][] {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  return [
    ["host", `${name} (docklet ${version}), a worker: the portal is on the master's host`],
    ["worker", checks.worker ?? "ready"],
    ["nodes", String(nodes)],
    ...(master
      ? ([
          ["cluster", master.cluster ?? "none yet: it has not joined"],
          ["master", `${master.address}, ${connection(master, now)}`],
          ...(master.certificateUntil
            ? [["certificate", `until ${day(master.certificateUntil)}; renewed by itself`]]
            : []),
        ] as [string, string][])
      : []),
  ];
}

/** In words. */
export function connection({ connectedAt, problem }: NonNullable<WorkerStatus["master"]>, now: number): string {
  if (connectedAt === null) return `not connected: ${problem ?? "unknown"}`;
  return `connected for ${duration(now - connectedAt)}`;
}
