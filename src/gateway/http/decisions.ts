import type { Decision, GatewayApi } from "../../contracts/gateway.ts";

export type Allowed = Extract<Decision, { kind: "allow" }>;

interface Entry {
  decision: Allowed;
  slug: string;
  until: number;
}

/** Only what lets requests through is kept; everything else is asked again each time. */
const ENTRIES_MAX = 20_000;

/**
 * Remembers who may go where for as long as the answer says, until a revocation names it. An answer that was
 * under way while something was revoked is not trusted: it is asked for once more.
 */
export class Decisions {
  readonly #entries = new Map<string, Entry>();
  readonly #asking = new Map<string, Promise<Decision>>();
  #epoch = 0;
  readonly #unsubscribe: () => void;

  constructor(
    readonly api: GatewayApi,
    onRevoke: (revoked: { grant?: string; slug?: string }) => void,
  ) {
    this.#unsubscribe = api.onRevoke((revoked) => {
      this.#epoch++;
      for (const [key, entry] of this.#entries) {
        if (entry.decision.grant === revoked.grant || entry.slug === revoked.slug) this.#entries.delete(key);
      }
      onRevoke(revoked);
    });
  }

  /** The answer that is known already. */
  known(slug: string, cookie: string | null, port: number | null): Allowed | null {
    const entry = this.#entries.get(keyOf(slug, cookie, port));
    return entry !== undefined && entry.until > performance.now() ? entry.decision : null;
  }

  ask(slug: string, cookie: string | null, port: number | null): Promise<Decision> {
    const key = keyOf(slug, cookie, port);
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#ask(key, slug, cookie, port).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  async #ask(key: string, slug: string, cookie: string | null, port: number | null): Promise<Decision> {
    for (;;) {
      const epoch = this.#epoch;
      const decision = await this.api.resolve({ slug, cookie, port });
      if (epoch !== this.#epoch) continue;
      if (decision.kind === "allow" && decision.maxAgeMs > 0) {
        this.#entries.delete(key);
        if (this.#entries.size >= ENTRIES_MAX) this.#dropOldest();
        this.#entries.set(key, { decision, slug, until: performance.now() + decision.maxAgeMs });
      }
      return decision;
    }
  }

  /** An upstream did not answer: perhaps it moved, so the next request asks again. */
  forget(slug: string, cookie: string | null, port: number | null): void {
    this.#entries.delete(keyOf(slug, cookie, port));
  }

  #dropOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }

  sweep(now: number): void {
    for (const [key, entry] of this.#entries) if (entry.until <= now) this.#entries.delete(key);
  }

  close(): void {
    this.#unsubscribe();
    this.#entries.clear();
  }
}

const keyOf = (slug: string, cookie: string | null, port: number | null) => `${slug} ${port ?? ""} ${cookie ?? ""}`;
