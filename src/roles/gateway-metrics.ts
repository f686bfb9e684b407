import { Gauge, Registry } from "prom-client";
import type { RunningGateway } from "../contracts/gateway.ts";

const HELP = {
  connections: "Connections of browsers that are open.",
  requests: "Requests since it started.",
  upgraded: "WebSockets and other upgrades since it started.",
  upstreamErrors: "Answers that a node did not give since it started.",
} as const;

/** What /metrics tells of the front door. */
export function gatewayMetrics(gateway: () => RunningGateway | null): Registry {
  const registry = new Registry();
  for (const [key, help] of Object.entries(HELP)) {
    new Gauge({
      name: `docklet_gateway_${key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}`,
      help,
      registers: [registry],
      collect() {
        this.set(gateway()?.stats()[key as keyof typeof HELP] ?? 0);
      },
    });
  }
  return registry;
}
