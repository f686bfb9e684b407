import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { messageOf } from "../../lib/errors.ts";
import type { Wing } from "../wing.ts";

/** What /metrics tells of this wing; other wings add their own text. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<"route" | "method" | "status">;
  readonly #seconds: Histogram<"route">;

  constructor(
    readonly wing: Wing,
    open: { streams(): number; sockets(): number },
  ) {
    const registers = [this.#registry];
    const { store } = wing.base;
    this.#requests = new Counter({
      name: "docklet_http_requests_total",
      help: "Requests to portal and API, by route of the table and status.",
      labelNames: ["route", "method", "status"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "docklet_http_request_seconds",
      help: "Time from request to answer, by route.",
      labelNames: ["route"],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    });
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    const count = (sql: string, params: number[] = []) =>
      store.get<{ n: number }>(`SELECT count(*) AS n FROM ${sql}`, params)!.n;
    gauge("docklet_users", "Accounts.", () => count("users"));
    gauge("docklet_sessions", "Portal sessions that have not expired.", () =>
      count("sessions WHERE expires_at > ?", [wing.base.clock.now()]),
    );
    gauge("docklet_vclusters", "Vclusters that have a place in somebody's quota.", () => count("allocations"));
    gauge("docklet_vclusters_active", "Of these, the ones that run or start.", () =>
      count("allocations WHERE active = 1"),
    );
    gauge("docklet_workspace_grants", "Workspace cookies that are good.", () => count("grants"));
    gauge("docklet_event_streams", "Open event streams.", open.streams);
    gauge("docklet_terminals", "Open terminals and execs.", open.sockets);
    gauge("docklet_resident_memory_bytes", "Memory of the control process.", () => process.memoryUsage.rss());
    const started = wing.base.clock.now();
    gauge("docklet_uptime_seconds", "Since this process started.", () => (wing.base.clock.now() - started) / 1000);
    new Gauge({
      name: "docklet_operations_running",
      help: "Operations that have not ended.",
      registers,
      async collect() {
        const page = await wing.base.master.operations({ owner: null, active: true, limit: 500 });
        this.set(page.items.length);
      },
    });
  }

  observe(route: string, method: string, status: number, seconds: number): void {
    this.#requests.inc({ route, method, status });
    this.#seconds.observe({ route }, seconds);
  }

  async text(): Promise<string> {
    const own = await this.#registry.metrics();
    let more = "";
    try {
      more = (await this.wing.base.moreMetrics?.()) ?? "";
    } catch (e) {
      this.wing.base.log.warn({ err: e }, `metrics of another wing are missing: ${messageOf(e)}`);
    }
    return more === "" ? own : `${own.trimEnd()}\n${more.trimEnd()}\n`;
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
}
