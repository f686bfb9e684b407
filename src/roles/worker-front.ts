import { Gauge, Registry } from "prom-client";
import type { WorkerStatus } from "../contracts/worker-status.ts";

export interface WorkerFacts {
  name: string;
  version: string;
  nodes(): number;
  master(): WorkerStatus["master"];
  /** Named checks: null = well, otherwise what is wrong. */
  checks(): Record<string, string | null>;
  /** Prometheus text of the worker. */
  metrics(): Promise<string>;
}

/** HTTP of a host without the portal: probes and metrics for the host itself, its state for root. Nothing can be changed. */
export class WorkerFront {
  readonly #registry = new Registry();

  constructor(private readonly facts: WorkerFacts) {
    const registers = [this.#registry];
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    gauge("docklet_nodes", "Nodes of this host, running or not.", () => facts.nodes());
    gauge("docklet_master_connected", "1: there is a connection to the master.", () =>
      facts.master()?.connectedAt === null ? 0 : 1,
    );
    gauge("docklet_certificate_until_seconds", "Until when the certificate of this host is good; 0: it has none.", () =>
      Math.round((facts.master()?.certificateUntil ?? 0) / 1000),
    );
  }

  /** There are none: a request for one is answered like any other. */
  readonly websocket = { message() {} };

  /** For anybody on this host. */
  readonly fetch = async (req: Request): Promise<Response> => {
    if (req.method !== "GET" && req.method !== "HEAD") return text("Only GET.\n", 405);
    switch (new URL(req.url).pathname) {
      case "/healthz":
        return text("ok\n");
      case "/readyz": {
        const checks = this.facts.checks();
        const ready = Object.values(checks).every((c) => c === null);
        return text(`${JSON.stringify({ ready, degraded: !ready, checks })}\n`, ready ? 200 : 503, "application/json");
      }
      case "/metrics": {
        const all = await Promise.all([this.facts.metrics(), this.#registry.metrics()]);
        return text(all.join("\n"), 200, this.#registry.contentType);
      }
      default:
        return text("This host has no portal: /healthz, /readyz and /metrics are all there is.\n", 404);
    }
  };

  /** For root, through the socket. */
  readonly fetchAsRoot = async (req: Request): Promise<Response> => {
    if (new URL(req.url).pathname !== "/status") return this.fetch(req);
    const { facts } = this;
    const status: WorkerStatus = {
      name: facts.name,
      version: facts.version,
      nodes: facts.nodes(),
      master: facts.master(),
      checks: facts.checks(),
    };
    return text(`${JSON.stringify(status)}\n`, 200, "application/json");
  };
}

function text(body: string, status = 200, type = "text/plain; charset=utf-8"): Response {
  return new Response(body, { status, headers: { "content-type": type, "cache-control": "no-store" } });
}
