import { z } from "zod";

/** What a host without the portal tells root of itself, on its own socket. */
export const WorkerStatus = z.object({
  name: z.string(),
  version: z.string(),
  /** Nodes that are here, running or not; warm ones are not counted. */
  nodes: z.int(),
  /** null: the master is in the same process. */
  master: z
    .object({
      address: z.string(),
      /** null: this host has not joined yet. */
      cluster: z.string().nullable(),
      /** When the connection was made; null: there is none, and `problem` says why. */
      connectedAt: z.int().nullable(),
      problem: z.string().nullable(),
      /** Until when the certificate of this host is good; it is renewed long before. */
      certificateUntil: z.int().nullable(),
    })
    .nullable(),
  /** Named checks: null = well, otherwise what is wrong. */
  checks: z.record(z.string(), z.string().nullable()),
});
export type WorkerStatus = z.infer<typeof WorkerStatus>;

/** Below FS_PREFIX: the socket that answers it, for root alone. */
export const WORKER_SOCKET = "local/run/worker.sock";
