import type { Config } from "../config/schema.ts";
import { readHostFacts } from "../os/host-facts.ts";
import { ownAddress } from "../os/own-address.ts";

type Settings = Pick<Config, "PORTAL_URL" | "PUBLIC_IP" | "NETWORK_DEVICE" | "NGINX_PORT" | "WORKSPACE_DOMAIN">;

/**
 * The address of the portal for people. Where no setting tells it, they have it under the same name as the workspace
 * that they came from (`host`, with or without a port), and otherwise under this host's own address.
 */
export function portalUrl(config: Settings, host?: string): string {
  if (config.PORTAL_URL) return config.PORTAL_URL;
  const known = host && !config.WORKSPACE_DOMAIN ? host.replace(/:\d+$/, "") : config.PUBLIC_IP;
  return `http://${known || ownAddress(readHostFacts(), config.NETWORK_DEVICE)}:${config.NGINX_PORT}`;
}
