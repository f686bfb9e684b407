import { z } from "zod";
import { NodeSize, Time } from "./names.ts";
import { State } from "./vclusters.ts";

/** One node that is placed on a host, and whose it is. */
export const HostNode = z.object({
  owner: z.string(),
  vcluster: z.string(),
  node: z.string(),
  state: State,
  size: NodeSize,
  why: z.string().nullable().describe("why it was placed here"),
});
export type HostNode = z.infer<typeof HostNode>;

/** What was in use on a host at one moment. */
export const HostSample = z.object({
  at: Time,
  cpu: z.number().describe("cores"),
  memory: z.number().describe("MiB"),
  disk: z.number().describe("MiB"),
});
export type HostSample = z.infer<typeof HostSample>;
