import { type Actor, actorName, anonymous } from "../accounts/actor.ts";
import type { Deed, Denials } from "../audit/audit.ts";

/** The connection a request came over, without Bun: tests and the unix socket have their own. */
export interface Peer {
  /** IP address of the other end; "local" for the unix socket. */
  address: string;
  /** Turns off the idle timeout of this connection: for streams. */
  keepOpen(): void;
  /** Turns the request into a WebSocket that carries `data`. false: it was none. */
  upgrade(data: unknown): boolean;
}

/** One request, and who makes it. */
export class Ask {
  actor: Actor = anonymous();
  /** Set-Cookie and the like, for the answer. */
  readonly answerHeaders = new Headers();

  constructor(
    readonly request: Request,
    readonly url: URL,
    readonly requestId: string,
    readonly peer: Peer,
    /** Origins from which a browser may write: this server's own. */
    readonly origins: readonly string[],
    readonly secure: boolean,
    readonly denials: Denials,
  ) {}

  get address(): string {
    return this.peer.address;
  }

  get agent(): string {
    return (this.request.headers.get("user-agent") ?? "").replace(/[^\u0020-\u007e]/g, "").slice(0, 200);
  }

  get idempotencyKey(): string | null {
    return this.request.headers.get("idempotency-key");
  }

  /** A line of history: what was done by whoever asks, to something of `owner`. */
  deed(
    action: string,
    object: string,
    owner: { id: string; name: string } | null,
    message: string,
    result: Deed["result"] = "ok",
  ): Deed {
    return {
      actor: actorName(this.actor),
      action,
      object,
      owner: owner?.name ?? null,
      ownerId: owner?.id ?? null,
      result,
      message,
      requestId: this.requestId,
    };
  }

  /** History of an attempt that was refused. */
  denied(action: string, object: string, message: string, ownerId: string | null = null, owner?: string): void {
    this.denials.record({
      actor: actorName(this.actor),
      action,
      object,
      owner: owner ?? null,
      ownerId,
      message: `${message} (from ${this.address})`,
      requestId: this.requestId,
    });
  }
}
