import type { Socket } from "bun";
import type { GatewayApi, GatewayOptions, RunningGateway } from "../../contracts/gateway.ts";
import { DockletError, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { ClientConnection } from "./client-connection.ts";
import type { Context } from "./context.ts";
import { Decisions } from "./decisions.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { UpstreamPool } from "./upstream-pool.ts";

/** Probes that find clients which vanished without a word (a closed laptop) on connections that may be silent for hours. */
const KEEPALIVE_MS = 60_000;

/** The HTTP front door of all workspaces. Resolves when it accepts connections. */
export async function startGateway(
  api: GatewayApi,
  options: GatewayOptions,
  log: Logger,
  overrides: Partial<Limits> = {},
): Promise<RunningGateway> {
  const limits = { ...DEFAULT_LIMITS, ...overrides };
  const connections = new Set<ClientConnection>();
  const decisions = new Decisions(api, (revoked) => {
    for (const connection of [...connections]) {
      const exchange = connection.exchange;
      if (exchange === null) continue;
      if (exchange.grant !== null && exchange.grant === revoked.grant) connection.destroy();
      else if (exchange.slug !== null && exchange.slug === revoked.slug) connection.destroy();
    }
  });
  const ctx: Context = {
    options,
    limits,
    log,
    decisions,
    pool: new UpstreamPool(limits),
    connections,
    counters: { requests: 0, upgraded: 0, upstreamErrors: 0 },
    draining: false,
  };
  const listener = listen(ctx);
  const sweeper = setInterval(() => sweep(ctx), limits.sweepMs);
  return {
    port: listener.port,
    stats: () => ({ connections: connections.size, ...ctx.counters }),
    async stop(graceMs) {
      listener.stop(false);
      await drain(ctx, graceMs);
      clearInterval(sweeper);
      decisions.close();
      ctx.pool.close();
    },
  };
}

function listen(ctx: Context) {
  const perAddress = new Map<string, number>();
  const { hostname, port } = ctx.options;
  try {
    return Bun.listen<ClientConnection | undefined>({
      hostname,
      port,
      allowHalfOpen: true,
      socket: {
        open(socket) {
          const remote = socket.remoteAddress as string | undefined;
          if (remote === undefined) {
            // It was reset before it was accepted.
            socket.terminate();
            return;
          }
          const address = plainAddress(remote);
          const open = perAddress.get(address) ?? 0;
          if (open >= ctx.limits.connectionsPerAddress) {
            ctx.log.debug({ address, open }, "too many connections from one address");
            socket.terminate();
            return;
          }
          perAddress.set(address, open + 1);
          socket.setNoDelay(true);
          socket.setKeepAlive(true, KEEPALIVE_MS);
          const connection = new ClientConnection(ctx, socket as Socket<ClientConnection>, address);
          socket.data = connection;
          ctx.connections.add(connection);
        },
        data(socket, piece) {
          socket.data?.onData(piece);
        },
        drain(socket) {
          socket.data?.onDrain();
        },
        end(socket) {
          socket.data?.onEnd();
        },
        close(socket) {
          const connection = socket.data;
          if (connection === undefined || !ctx.connections.delete(connection)) return;
          const left = (perAddress.get(connection.address) ?? 1) - 1;
          if (left === 0) perAddress.delete(connection.address);
          else perAddress.set(connection.address, left);
          connection.onClose();
        },
        error(socket, err) {
          ctx.log.error({ err }, "gateway connection failed");
          socket.data?.destroy();
        },
      },
    });
  } catch (e) {
    throw new DockletError(
      "unavailable",
      `The gateway cannot listen on ${hostname}:${port}: ${messageOf(e)}`,
      "Choose another PROXY_PORT, or stop what uses it.",
      undefined,
      e,
    );
  }
}

/** IPv4 clients of an IPv6 socket look like ::ffff:192.0.2.1. */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

function sweep(ctx: Context): void {
  const now = performance.now();
  for (const connection of [...ctx.connections]) connection.sweep(now);
  ctx.pool.sweep(now);
  ctx.decisions.sweep(now);
}

async function drain(ctx: Context, graceMs: number): Promise<void> {
  ctx.draining = true;
  const end = performance.now() + graceMs;
  for (const connection of [...ctx.connections]) if (connection.idle) connection.destroy();
  while (ctx.connections.size > 0 && performance.now() < end) await Bun.sleep(Math.min(20, graceMs));
  for (const connection of [...ctx.connections]) connection.destroy();
}
