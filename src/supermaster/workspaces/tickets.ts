import { randomSecret } from "../../lib/ids.ts";
import type { Clock } from "../../os/clock.ts";
import type { PersonActor } from "../accounts/actor.ts";
import { secretHash } from "../accounts/secret.ts";

export const TICKET_MS = 60_000;
/** More than this many waiting at once are not people clicking. */
const MAX_TICKETS = 10_000;

export interface Ticket {
  actor: PersonActor;
  slug: string;
  vclusterId: string;
  expiresAt: number;
}

/** Single-use links into workspaces. In memory: they live a minute, and a restart may forget them. */
export class Tickets {
  readonly #open = new Map<string, Ticket>();

  constructor(readonly clock: Clock) {}

  issue(actor: PersonActor, slug: string, vclusterId: string): { ticket: string; expiresAt: number } {
    this.#forgetOld();
    const ticket = randomSecret();
    const expiresAt = this.clock.now() + TICKET_MS;
    this.#open.set(key(ticket), { actor, slug, vclusterId, expiresAt });
    return { ticket, expiresAt };
  }

  /** The ticket is used up by being shown, whether it fits or not. */
  take(ticket: string, slug: string): Ticket | null {
    const found = this.#open.get(key(ticket));
    this.#open.delete(key(ticket));
    return found && found.slug === slug && found.expiresAt > this.clock.now() ? found : null;
  }

  #forgetOld(): void {
    const now = this.clock.now();
    // Oldest first: all live equally long.
    for (const [k, t] of this.#open) {
      if (t.expiresAt > now && this.#open.size < MAX_TICKETS) break;
      this.#open.delete(k);
    }
  }
}

/** Looked up by hash, so that the time of a lookup tells nothing about the tickets there are. */
const key = (ticket: string): string => Buffer.from(secretHash(ticket)).toString("base64");
