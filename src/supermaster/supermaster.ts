import { existsSync, readFileSync } from "node:fs";
import type { Server, WebSocketHandler } from "bun";
import type { GatewayApi } from "../contracts/gateway.ts";
import { writeFileAtomic } from "../os/files.ts";
import { generatePassword } from "./accounts/passwords.ts";
import { personByName, ROOT } from "./accounts/person.ts";
import { type App, createApp } from "./api/app.ts";
import type { Peer } from "./api/ask.ts";
import { EventStreams } from "./api/event-stream.ts";
import { Idempotency } from "./api/idempotency.ts";
import { Metrics } from "./api/metrics.ts";
import type { Env } from "./api/serve.ts";
import { type SocketData, Sockets } from "./api/sockets.ts";
import { Hub } from "./audit/hub.ts";
import type { SupermasterDeps } from "./base.ts";
import { followMaster } from "./datacenters/frames.ts";
import { Sweep } from "./datacenters/sweep.ts";
import { buildWing } from "./wing.ts";

export type { SupermasterConfig, SupermasterDeps } from "./base.ts";

export interface Supermaster {
  /** The HTTP side without a server: `app.fetch(request, env)`. */
  readonly app: App;
  /** For Bun.serve on the portal's port. */
  fetch(request: Request, server: Server<SocketData>): Response | Promise<Response>;
  /** For Bun.serve on a unix socket that only root can open: whoever asks is root, without a password. */
  fetchAsRoot(request: Request, server: Server<SocketData>): Response | Promise<Response>;
  /** For both of them. */
  readonly websocket: WebSocketHandler<SocketData>;
  readonly gatewayApi: GatewayApi;
  /** Makes the first groups and root if they are missing, and starts the sweep and the following of the master. */
  start(): Promise<void>;
  /** Ends event streams and terminals and takes no new ones. Before the listeners drain: these never end by themselves. */
  closeStreams(): void;
  /** The same, and everything else that runs by itself. */
  stop(): Promise<void>;
  /** false: there is a root already, and its password stays. */
  createRootIfMissing(password: string): Promise<boolean>;
  /** One round of the sweep, now. */
  sweep(): Promise<void>;
}

/** The wing of people and portal: the only one that the outside talks to. */
export function createSupermaster(deps: SupermasterDeps): Supermaster {
  const wing = buildWing({ ...deps, hub: new Hub() });
  const streams = new EventStreams(wing);
  const sockets = new Sockets(wing);
  const idempotency = new Idempotency(wing.base);
  const metrics = new Metrics(wing, { streams: () => streams.count, sockets: () => sockets.count });
  const sweep = new Sweep(wing, idempotency);
  const app = createApp({ wing, streams, sockets, metrics, idempotency });
  let unfollow: (() => void) | null = null;
  const closeStreams = () => {
    streams.stop();
    sockets.stop();
  };

  return {
    app,
    fetch: (request, server) => app.fetch(request, envOf(request, server, false)),
    fetchAsRoot: (request, server) => app.fetch(request, envOf(request, server, true)),
    websocket: sockets.handlers,
    gatewayApi: wing.gate,
    closeStreams,
    createRootIfMissing: (password) => wing.people.createRoot(password),
    sweep: () => sweep.run(),
    start: async () => {
      if (deps.passwordFile !== null && !personByName(deps.store, ROOT)) {
        await wing.people.createRoot(firstPassword(deps.passwordFile));
      }
      unfollow = followMaster(wing);
      sweep.start();
    },
    stop: async () => {
      unfollow?.();
      closeStreams();
      await sweep.stop();
    },
  };
}

/** On disk before the account: after a crash between the two, the file still tells the truth. */
function firstPassword(file: string): string {
  if (existsSync(file)) {
    const before = readFileSync(file, "utf8").trim();
    if (before.length >= 12) return before;
  }
  const password = generatePassword();
  writeFileAtomic(file, `${password}\n`, 0o600);
  return password;
}

function envOf(request: Request, server: Server<SocketData>, trustedRoot: boolean): Env {
  const peer: Peer = {
    address: trustedRoot ? "local" : (server.requestIP(request)?.address ?? "unknown"),
    keepOpen: () => server.timeout(request, 0),
    upgrade: (data) => server.upgrade(request, { data: data as SocketData }),
  };
  return { peer, trustedRoot };
}
