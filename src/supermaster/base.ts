import type { z } from "zod";
import type { Config } from "../config/schema.ts";
import type { MasterApi } from "../contracts/master.ts";
import type { ConfigValue, Version } from "../contracts/public/index.ts";
import type { Logger } from "../lib/log.ts";
import type { Clock } from "../os/clock.ts";
import type { Store } from "../store/store.ts";
import type { Hub } from "./audit/hub.ts";

/** The settings that this wing reads. */
export type SupermasterConfig = Pick<
  Config,
  "SESSION_HOURS" | "PROXY_PORT" | "WORKSPACE_DOMAIN" | "PORTAL_URL" | "DEFAULT_IMAGE"
>;

export interface SupermasterDeps {
  store: Store;
  master: MasterApi;
  clock: Clock;
  log: Logger;
  config: SupermasterConfig;
  version: z.output<typeof Version>;
  effectiveConfig(): z.output<typeof ConfigValue>[];
  /** A file of the portal, or null. Left out: this server has no portal. */
  asset?(path: string, acceptsGzip: boolean): Response | null;
  /** Where the password of a root made at the first start is left (0600). null: `start` makes no root. */
  passwordFile: string | null;
  /** Where the portal is for those who did not come through it. */
  portalUrl?(): string;
  /** The port that the gateway really got; default PROXY_PORT. */
  workspacePort?(): number;
  /** Other wings' metrics in Prometheus text format, appended to /metrics. */
  moreMetrics?(): string | Promise<string>;
}

/** What every part of the wing stands on. */
export interface Base extends SupermasterDeps {
  hub: Hub;
}
