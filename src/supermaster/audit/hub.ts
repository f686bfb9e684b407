import type { StreamFrame } from "../../contracts/public/index.ts";

/** Who may see a frame: one person (by id) and the admins, or everyone who is logged in. */
export type Audience = { owner: string | null } | "everyone";

/** What changed about somebody's right to be here. Whoever holds a connection open looks again. */
export interface Revocation {
  user?: string;
  session?: string;
  token?: string;
}

type FrameListener = (frame: StreamFrame, audience: Audience) => void;
type RevocationListener = (revoked: Revocation) => void;

/** The one place through which live updates and revocations reach open connections. */
export class Hub {
  readonly #frames = new Set<FrameListener>();
  readonly #revocations = new Set<RevocationListener>();

  publish(frame: StreamFrame, audience: Audience): void {
    for (const listener of this.#frames) listener(frame, audience);
  }

  onFrame(listener: FrameListener): () => void {
    this.#frames.add(listener);
    return () => this.#frames.delete(listener);
  }

  revoked(what: Revocation): void {
    for (const listener of this.#revocations) listener(what);
  }

  onRevoked(listener: RevocationListener): () => void {
    this.#revocations.add(listener);
    return () => this.#revocations.delete(listener);
  }

  /** The person's own page shows something (quota, keys, sessions) that is no longer so. */
  meChanged(userId: string): void {
    this.publish({ type: "me", data: null }, { owner: userId });
  }
}
