import type { GatewayOptions } from "../../contracts/gateway.ts";
import type { Logger } from "../../lib/log.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { Decisions } from "./decisions.ts";
import type { Limits } from "./limits.ts";
import type { UpstreamPool } from "./upstream-pool.ts";

/** What all connections of one gateway share. */
export interface Context {
  options: GatewayOptions;
  limits: Limits;
  log: Logger;
  decisions: Decisions;
  pool: UpstreamPool;
  connections: Set<ClientConnection>;
  counters: { requests: number; upgraded: number; upstreamErrors: number };
  /** Stopping: what is under way ends, nothing new begins. */
  draining: boolean;
}
