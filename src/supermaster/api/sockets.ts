import type { ServerWebSocket, WebSocketHandler } from "bun";
import type { NodeStream, StreamRequest } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";
import { theirs } from "../accounts/actor.ts";
import { can } from "../accounts/policy.ts";
import type { Found } from "../datacenters/vclusters.ts";
import type { Wing } from "../wing.ts";
import type { Ask } from "./ask.ts";
import { demandOwnSocket } from "./authenticate.ts";
import { type SocketKind, TerminalSocket, type Wire } from "./terminal-socket.ts";

const PER_PERSON = 100;
const REVIEW_MS = 30_000;

export type SocketData = { socket: TerminalSocket };

/** Every terminal and exec that is open, and the right of each to stay so. */
export class Sockets {
  readonly #open = new Set<TerminalSocket>();
  readonly #leave: () => void;
  readonly #review: Timer;
  #stopped = false;

  constructor(readonly wing: Wing) {
    this.#leave = wing.base.hub.onRevoked(() => this.review());
    this.#review = setInterval(() => this.review(), REVIEW_MS);
    this.#review.unref();
  }

  get count(): number {
    return this.#open.size;
  }

  /** Answers the upgrade; nothing is started in the node before the socket is there. */
  accept(ask: Ask, found: Found, node: string, what: SocketKind): Response {
    if (this.#stopped) throw new DockletError("unavailable", "docklet is stopping.", "Try again in a moment.");
    demandOwnSocket(ask);
    const actor = theirs(ask.actor);
    if (ask.request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      throw new DockletError("bad_request", "This address is a WebSocket.", "Connect to it with ws:// or wss://.");
    }
    const mine = [...this.#open].filter((s) => s.actor.person.id === actor.person.id).length;
    if (mine >= PER_PERSON) {
      throw new DockletError("throttled", `You have ${PER_PERSON} terminals open already.`, "Close some.", {
        retryAfterSeconds: 10,
      });
    }
    const { row, owner } = found;
    const open = (request: StreamRequest): Promise<NodeStream> =>
      this.wing.base.master.openStream(row.id, node, request);
    const socket = new TerminalSocket(actor, owner.id, what, node, open, this.wing.base.log);
    if (!ask.peer.upgrade({ socket } satisfies SocketData)) {
      throw new DockletError("bad_request", "The WebSocket handshake is not complete.", "Use a WebSocket client.");
    }
    const where = `${node} of ${row.name}`;
    this.wing.vclusters.noteUse(
      ask,
      found,
      `vcluster.${what.kind}`,
      `opened ${what.kind === "exec" ? "exec" : "a terminal"} on ${where}`,
    );
    return new Response(null);
  }

  /** For Bun.serve. */
  readonly handlers: WebSocketHandler<SocketData> = {
    maxPayloadLength: 2 * 1024 * 1024,
    // Pings keep it alive; a peer that answers none for two minutes is gone.
    idleTimeout: 120,
    sendPings: true,
    // The socket's own limits come first; this is the last one.
    backpressureLimit: 16 * 1024 * 1024,
    closeOnBackpressureLimit: true,
    open: (ws) => {
      this.#open.add(ws.data.socket);
      ws.data.socket.opened(wireOf(ws));
    },
    message: (ws, data) => ws.data.socket.message(data),
    drain: (ws) => ws.data.socket.drained(),
    close: (ws) => {
      this.#open.delete(ws.data.socket);
      ws.data.socket.closed();
    },
  };

  review(): void {
    for (const socket of [...this.#open]) {
      const now = this.wing.identity.refresh(socket.actor);
      if (now && can(now, "vcluster.use", { owner: socket.ownerId })) socket.actor = now;
      else socket.end("notAllowed", "you are no longer logged in, or no longer allowed here");
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#leave();
    clearInterval(this.#review);
    for (const socket of [...this.#open]) socket.end("ended", "the server stops");
  }
}

function wireOf(ws: ServerWebSocket<SocketData>): Wire {
  return {
    send: (data) => ws.send(data),
    close: (code, reason) => ws.close(code, reason),
    pause: () => ws.pause(),
    resume: () => ws.resume(),
    getBufferedAmount: () => ws.getBufferedAmount(),
  };
}
