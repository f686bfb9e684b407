import { chmodSync } from "node:fs";
import type { Server, WebSocketHandler } from "bun";
import { DockletError, messageOf } from "../lib/errors.ts";
import type { Component } from "./component.ts";

/** What answers: T is what a WebSocket carries with it. */
export interface Front<T> {
  fetch(req: Request, server: Server<T>): Response | Promise<Response>;
  websocket: WebSocketHandler<T>;
}

/** Everything that one HTTP request may bring; JSON routes have their own, smaller limit. */
const MAX_BODY = 4 * 1024 * 1024;

const common = <T>(front: Front<T>) => ({
  fetch: front.fetch,
  websocket: front.websocket,
  idleTimeout: 0,
  maxRequestBodySize: MAX_BODY,
  development: false,
  error: () =>
    Response.json(
      {
        type: "about:blank",
        title: "Internal Server Error",
        status: 500,
        code: "internal",
        message: "Something went wrong inside docklet.",
        hint: "",
        requestId: "",
      },
      { status: 500, headers: { "content-type": "application/problem+json" } },
    ),
});

/** Whose port it is, and the setting that chooses it. */
export interface PortOwner {
  name: string;
  key: string;
}

/** HTTP on a TCP port: the portal with the API, or what a host without them has. */
export class PortListener<T> implements Component {
  readonly name: string;
  #server: Server<T> | null = null;

  constructor(
    private readonly front: Front<T>,
    private readonly hostname: string,
    private readonly port: number,
    private readonly owner: PortOwner = { name: "portal", key: "NGINX_PORT" },
  ) {
    this.name = owner.name;
  }

  async start(): Promise<void> {
    try {
      this.#server = Bun.serve<T>({
        ...common(this.front),
        hostname: this.hostname,
        port: this.port,
      });
    } catch (e) {
      throw new DockletError(
        "invalid",
        `The ${this.name} cannot listen on ${this.hostname}:${this.port}: ${messageOf(e)}.`,
        `Set ${this.owner.key} to a free port, or end what uses this one.`,
        undefined,
        e,
      );
    }
  }

  async stop(graceMs: number): Promise<void> {
    await drain(this.#server, graceMs);
  }
}

/** The same API for root on this host, without a password: whoever can open the socket is root. */
export class SocketListener<T> implements Component {
  readonly name = "socket";
  #server: Server<T> | null = null;

  constructor(
    private readonly front: Front<T>,
    private readonly path: string,
  ) {}

  async start(): Promise<void> {
    this.#server = Bun.serve<T>({ ...common(this.front), unix: this.path } as unknown as Bun.Serve.Options<T>);
    chmodSync(this.path, 0o600);
  }

  async stop(graceMs: number): Promise<void> {
    await drain(this.#server, graceMs);
  }
}

/** Bun's stop waits for event streams and WebSockets for ever, so it gets a deadline. */
async function drain<T>(server: Server<T> | null, graceMs: number): Promise<void> {
  if (!server) return;
  const deadline = new Promise((r) => setTimeout(r, graceMs));
  await Promise.race([server.stop(), deadline]);
  await server.stop(true);
}
