import type { GatewayApi, GatewayOptions, RunningGateway } from "../contracts/gateway.ts";
import { startGateway } from "../gateway/http/gateway.ts";
import type { Logger } from "../lib/log.ts";
import type { Component } from "./component.ts";

/** The front door for workspaces. */
export class GatewayComponent implements Component {
  readonly name = "gateway";
  #running: RunningGateway | null = null;

  constructor(
    private readonly api: GatewayApi,
    private readonly options: GatewayOptions,
    private readonly log: Logger,
  ) {}

  async start(): Promise<void> {
    this.#running = await startGateway(this.api, this.options, this.log);
  }

  async stop(graceMs: number): Promise<void> {
    await this.#running?.stop(graceMs);
  }

  get running(): RunningGateway | null {
    return this.#running;
  }
}
