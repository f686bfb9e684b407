import type { Socket } from "bun";
import { Wire } from "./wire.ts";

/** Who uses a connection to an upstream at the moment. */
export interface UpstreamUser {
  onUpstreamData(piece: Buffer): void;
  /** `clean`: the upstream closed its side in order, and did not break off. */
  onUpstreamClose(clean: boolean): void;
  onUpstreamDrained(): void;
}

/** One TCP connection to a node. Serves one request at a time, and waits in the pool in between. */
export class Upstream {
  readonly wire: Wire<Upstream>;
  user: UpstreamUser | null = null;
  /** An earlier request was answered on it. */
  reused = false;
  idleSince = 0;
  closed = false;
  /** How long this server keeps an idle connection, by its own word. */
  keepMs = Number.POSITIVE_INFINITY;

  constructor(
    readonly key: string,
    readonly socket: Socket<Upstream>,
    readonly onGone: (upstream: Upstream) => void,
  ) {
    this.wire = new Wire(socket);
    this.wire.drained = () => this.user?.onUpstreamDrained();
  }

  gone(clean: boolean): void {
    if (this.closed) return;
    this.closed = true;
    const user = this.user;
    this.user = null;
    this.onGone(this);
    user?.onUpstreamClose(clean);
  }

  /** Closes it after what is queued is out; nobody listens to it any more. */
  release(): void {
    this.user = null;
    if (!this.closed) this.wire.finish("end");
  }

  /** Gives it up without a word to its user. */
  destroy(): void {
    this.user = null;
    if (this.closed) return;
    this.closed = true;
    this.onGone(this);
    this.wire.destroy();
  }
}
