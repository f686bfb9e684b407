import { onTestFinished } from "bun:test";
import type { Socket } from "bun";
import type { Decision, GatewayApi, GatewayOptions, RunningGateway } from "../../../contracts/gateway.ts";
import { silentLogger } from "../../../lib/log.ts";
import { until } from "../../../lib/retry.ts";
import { startGateway } from "../gateway.ts";
import type { Limits } from "../limits.ts";

/** What the hazard tests play on: a gateway with a pretended wing behind it, raw TCP on both sides. */

export const SLUG = "abcdefghij";
export const COOKIE = "good-cookie";

type Asked = { slug: string; cookie: string | null; port: number | null };
type Revoked = { grant?: string; slug?: string };

export class FakeApi implements GatewayApi {
  readonly asked: Asked[] = [];
  readonly listeners = new Set<(revoked: Revoked) => void>();
  redeem: GatewayApi["redeem"] = async () => null;
  decide: (request: Asked) => Decision | Promise<Decision>;

  constructor(upstreamPort: number) {
    this.decide = (request) => allow(upstreamPort, { stripPrefix: request.port !== null });
  }

  async resolve(request: Asked): Promise<Decision> {
    this.asked.push(request);
    return this.decide(request);
  }

  onRevoke(listener: (revoked: Revoked) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  revoke(revoked: Revoked): void {
    for (const listener of this.listeners) listener(revoked);
  }
}

export function allow(port: number, extra: Partial<Extract<Decision, { kind: "allow" }>> = {}): Decision {
  return {
    kind: "allow",
    grant: "grant-1",
    maxAgeMs: 60_000,
    upstream: { host: "127.0.0.1", port },
    authorization: null,
    stripPrefix: false,
    ...extra,
  };
}

/** Runs `body` when the test that is running is over. */
export function cleanup(body: () => unknown): void {
  onTestFinished(async () => {
    await body();
  });
}

export interface Stage {
  api: FakeApi;
  gateway: RunningGateway;
  port: number;
  connect(): Promise<RawPeer>;
  /** Sends `text` on a connection of its own and returns everything up to the close, or to the end of one answer. */
  ask(text: string): Promise<string>;
}

export async function stage(
  upstreamPort: number,
  options: Partial<GatewayOptions> = {},
  limits: Partial<Limits> = {},
): Promise<Stage> {
  const api = new FakeApi(upstreamPort);
  const gateway = await startGateway(
    api,
    {
      hostname: "127.0.0.1",
      port: 0,
      portalUrl: () => "http://portal.test:8080",
      wildcardDomain: null,
      origins: [],
      ...options,
    },
    silentLogger,
    { sweepMs: 20, ...limits },
  );
  cleanup(() => gateway.stop(0));
  const connect = () => dial(gateway.port);
  return {
    api,
    gateway,
    port: gateway.port,
    connect,
    async ask(text) {
      const client = await connect();
      client.write(text);
      const answer = await client.answer();
      client.socket.end();
      return answer;
    },
  };
}

/** One end of a TCP connection that remembers what it got, as latin1. */
export class RawPeer {
  received = "";
  bytes = 0;
  /** Off: only count, for big transfers. */
  keep = true;
  ended = false;
  closed = false;
  onData: ((peer: RawPeer) => void) | null = null;
  #queue: Buffer[] = [];

  constructor(readonly socket: Socket<RawPeer>) {}

  write(data: string | Buffer): void {
    this.#queue.push(typeof data === "string" ? Buffer.from(data, "latin1") : data);
    this.flush();
  }

  flush(): void {
    while (this.#queue.length > 0) {
      const first = this.#queue[0]!;
      const n = this.socket.write(first);
      if (n < 0) return;
      if (n < first.length) {
        this.#queue[0] = first.subarray(n);
        return;
      }
      this.#queue.shift();
    }
  }

  get unsent(): number {
    return this.#queue.reduce((sum, b) => sum + b.length, 0);
  }

  got(piece: Buffer): void {
    this.bytes += piece.length;
    if (this.keep) this.received += piece.toString("latin1");
    this.onData?.(this);
  }

  wait(what: string, probe: () => unknown, timeoutMs = 5000): Promise<unknown> {
    return until(`${what}; got ${JSON.stringify(this.received.slice(-400))}`, probe, {
      timeoutMs,
      firstMs: 1,
      maxMs: 10,
    });
  }

  until(text: string): Promise<unknown> {
    return this.wait(`${JSON.stringify(text)} to arrive`, () => this.received.includes(text));
  }

  gone(): Promise<unknown> {
    return this.wait("the connection to end", () => this.ended || this.closed);
  }

  /** One answer with a Content-Length, or everything until the close. */
  async answer(): Promise<string> {
    await this.wait("an answer", () => {
      if (this.ended || this.closed) return true;
      const end = this.received.indexOf("\r\n\r\n");
      if (end < 0) return false;
      const length = /content-length: (\d+)/i.exec(this.received.slice(0, end));
      if (length) return this.received.length >= end + 4 + Number(length[1]);
      return this.received.endsWith("0\r\n\r\n") || /^HTTP\/1.1 (?:101|204|304)/.test(this.received);
    });
    return this.received;
  }
}

const HANDLERS = {
  data: (socket: Socket<RawPeer>, piece: Buffer) => socket.data?.got(piece),
  drain: (socket: Socket<RawPeer>) => socket.data?.flush(),
  end: (socket: Socket<RawPeer>) => {
    if (socket.data) socket.data.ended = true;
  },
  close: (socket: Socket<RawPeer>) => {
    if (socket.data) socket.data.closed = true;
  },
  error: (socket: Socket<RawPeer>) => {
    if (socket.data) socket.data.closed = true;
  },
};

export async function dial(port: number): Promise<RawPeer> {
  let peer: RawPeer | undefined;
  await Bun.connect<RawPeer>({
    hostname: "127.0.0.1",
    port,
    allowHalfOpen: true,
    socket: {
      ...HANDLERS,
      open(socket) {
        peer = socket.data = new RawPeer(socket);
      },
    },
  });
  cleanup(() => peer!.socket.terminate());
  return peer!;
}

export interface RawUpstream {
  port: number;
  connections: RawPeer[];
  /** Everything that all connections got. */
  readonly received: string;
  stop(): void;
}

/** A server whose every move the test makes: `onData` is called whenever bytes have come on a connection. */
export function rawUpstream(onData: (peer: RawPeer) => void): RawUpstream {
  const connections: RawPeer[] = [];
  const listener = Bun.listen<RawPeer>({
    hostname: "127.0.0.1",
    port: 0,
    allowHalfOpen: true,
    socket: {
      ...HANDLERS,
      open(socket) {
        const peer = new RawPeer(socket);
        peer.onData = onData;
        socket.data = peer;
        connections.push(peer);
      },
    },
  });
  cleanup(() => {
    for (const c of connections) c.socket.terminate();
    listener.stop(true);
  });
  return {
    port: listener.port,
    connections,
    get received() {
      return connections.map((c) => c.received).join("");
    },
    stop: () => listener.stop(true),
  };
}

/** Answers every complete head (bodies are ignored) with the same text. */
export function answering(text: string): RawUpstream {
  const seen = new WeakMap<RawPeer, number>();
  return rawUpstream((peer) => {
    const heads = peer.received.split("\r\n\r\n").length - 1;
    for (let i = seen.get(peer) ?? 0; i < heads; i++) peer.write(text);
    seen.set(peer, heads);
  });
}

export const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

export function get(path = `/${SLUG}/x`, headers = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: gw.test\r\n${headers}\r\n`;
}
