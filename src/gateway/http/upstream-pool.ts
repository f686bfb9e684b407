import type { Socket, TCPSocketConnectOptions } from "bun";
import type { UpstreamAddress } from "../../contracts/gateway.ts";
import type { Limits } from "./limits.ts";
import { Refusal } from "./refusal.ts";
import { RelayAnswer } from "./relay-answer.ts";
import { Upstream } from "./upstream.ts";

/** What Bun calls for the sockets of one upstream connection. Half-open, so that an orderly end is told from a break. */
const HANDLERS = {
  data(socket: Socket<Upstream>, piece: Buffer) {
    const { data } = socket;
    // Nobody asked: whatever it is, it must not become the answer to a later request.
    if (data.user === null) data.destroy();
    else data.user.onUpstreamData(piece);
  },
  drain(socket: Socket<Upstream>) {
    socket.data.wire.flush();
  },
  end(socket: Socket<Upstream>) {
    socket.data.gone(true);
    socket.end();
  },
  close(socket: Socket<Upstream>) {
    // Undefined when the connection was given up before it was open.
    socket.data?.gone(false);
  },
  error(socket: Socket<Upstream>) {
    socket.data?.gone(false);
    socket.terminate();
  },
};

/** Kept connections to nodes, most recently used first. No cap on how many are in use: memory is small and clients are bounded. */
export class UpstreamPool {
  readonly #idle = new Map<string, Upstream[]>();
  readonly #all = new Set<Upstream>();

  constructor(readonly limits: Limits) {}

  /** A kept connection, or null. `onceOnly`: the request cannot be sent again, so only a fresh one will do. */
  take(to: UpstreamAddress, onceOnly: boolean): Upstream | null {
    const list = this.#idle.get(keyOf(to));
    if (list === undefined || list.length === 0) return null;
    const last = list[list.length - 1]!;
    const idle = performance.now() - last.idleSince;
    if (idle > (onceOnly ? this.limits.freshMs : this.limits.upstreamIdleMs) || idle > last.keepMs) return null;
    list.pop();
    return last;
  }

  give(upstream: Upstream) {
    upstream.user = null;
    if (upstream.closed) return;
    let list = this.#idle.get(upstream.key);
    if (list === undefined) {
      list = [];
      this.#idle.set(upstream.key, list);
    }
    if (list.length >= this.limits.idlePerUpstream) return upstream.destroy();
    upstream.reused = true;
    upstream.idleSince = performance.now();
    list.push(upstream);
  }

  /** Opens a new one. Throws 502 when nobody listens and 504 when nothing comes back. */
  connect(to: UpstreamAddress): Promise<Upstream> {
    return new Promise((resolve, reject) => {
      const { host, port, via } = to;
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        reject(
          new Refusal(
            504,
            "upstream_timeout",
            "The node does not answer.",
            "It may be overloaded or shutting down. Try again in a moment.",
          ),
        );
      }, this.limits.connectMs);
      const fail = (cause: unknown) => {
        clearTimeout(timer);
        reject(unreachable(port, cause));
      };
      const taken = (socket: Socket<Upstream>) => {
        clearTimeout(timer);
        if (late) return socket.terminate();
        const upstream = new Upstream(keyOf(to), socket, (gone) => this.#forget(gone));
        socket.data = upstream;
        this.#all.add(upstream);
        resolve(upstream);
      };
      const relay = via && new RelayAnswer(via.preface, HANDLERS, taken, fail);
      Bun.connect<Upstream>({
        ...(via ? { unix: via.socket } : { hostname: host, port }),
        allowHalfOpen: true,
        socket: {
          ...(relay ? relay.socketHandlers : HANDLERS),
          open: (socket) => (relay ? relay.ask(socket) : taken(socket)),
          connectError: (_socket, cause) => fail(cause),
        },
      } as TCPSocketConnectOptions<Upstream>).catch(fail);
    });
  }

  #forget(upstream: Upstream): void {
    this.#all.delete(upstream);
    const list = this.#idle.get(upstream.key);
    if (list === undefined) return;
    const at = list.indexOf(upstream);
    if (at >= 0) list.splice(at, 1);
    if (list.length === 0) this.#idle.delete(upstream.key);
  }

  /** Lets go of what nobody used for a while. */
  sweep(now: number): void {
    for (const list of this.#idle.values()) {
      for (const upstream of [...list]) {
        if (now - upstream.idleSince > Math.min(this.limits.upstreamIdleMs, upstream.keepMs)) upstream.destroy();
      }
    }
  }

  get size(): number {
    return this.#all.size;
  }

  close(): void {
    for (const upstream of [...this.#all]) upstream.destroy();
  }
}

const keyOf = ({ host, port, via }: UpstreamAddress): string => `${via ? `${via.socket} ` : ""}${host} ${port}`;

function unreachable(port: number, cause: unknown): Refusal {
  const code = (cause as { code?: string } | null)?.code ?? "";
  const why = code === "ECONNREFUSED" ? "Nothing listens" : `The node cannot be reached (${code || "no route"})`;
  return new Refusal(
    502,
    "upstream_refused",
    `${why} on port ${port} of the node.`,
    "Start the program there, or wait a moment if it is just starting.",
  );
}
