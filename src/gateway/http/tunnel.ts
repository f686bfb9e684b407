import type { ClientConnection } from "./client-connection.ts";
import type { Upstream, UpstreamUser } from "./upstream.ts";

/** After a 101: bytes both ways, as they come, each side read only as fast as the other takes them. */
export class Tunnel implements UpstreamUser {
  readonly #client: ClientConnection;
  readonly #upstream: Upstream;
  readonly #onEnd: () => void;
  #ended = false;

  constructor(client: ClientConnection, upstream: Upstream, onEnd: () => void) {
    this.#client = client;
    this.#upstream = upstream;
    this.#onEnd = onEnd;
    upstream.user = this;
  }

  onClientData(piece: Buffer): void {
    if (!this.#upstream.wire.send(piece)) this.#client.pause();
  }

  onClientDrained(): void {
    if (!this.#ended) this.#upstream.socket.resume();
  }

  onUpstreamData(piece: Buffer): void {
    if (!this.#client.send(piece)) this.#upstream.socket.pause();
  }

  onUpstreamDrained(): void {
    this.#client.resume();
  }

  onUpstreamClose(clean: boolean): void {
    if (!this.#end()) return;
    this.#client.finish(clean ? "end" : "reset");
  }

  /** The client went away in order: what it said before still arrives. */
  onClientClose(clean: boolean): void {
    if (!this.#end()) return;
    if (clean) this.#upstream.release();
    else this.#upstream.destroy();
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#onEnd();
    return true;
  }
}
