import type { Scope } from "../../contracts/public/index.ts";
import type { Reader } from "../../store/store.ts";
import type { Base } from "../base.ts";
import { type Actor, ALL_SCOPES, anonymous, type PersonActor } from "./actor.ts";
import { PERSON_COLUMNS, type PersonRow, personById, personByName, ROOT, toPerson } from "./person.ts";
import { csrfOf, secretHash } from "./secret.ts";

/** A session that is in use is written to at most this often. */
const TOUCH_MS = 60_000;
export const TOKEN_PREFIX = "dk_";

interface SessionRow extends PersonRow {
  session_id: string;
  last_seen_at: number;
  expires_at: number;
}
interface TokenRow extends PersonRow {
  token_id: string;
  scopes: string;
  last_used_at: number | null;
  token_expires_at: number;
}

const ENDED = { message: "Your session has ended.", hint: "Log in again." };
const DISABLED = { message: "This account is disabled.", hint: "Ask an administrator to enable it." };

/** Turns credentials into an actor. Looked up afresh on every request: a revocation works at once. */
export class Identity {
  constructor(readonly base: Base) {}

  /** Several cookies of one name mean that another site of this host name planted one: then nobody is believed. */
  bySessionCookies(values: string[]): Actor {
    const found = values.map((v) => this.#bySession(v));
    const people = new Set(found.map((a) => (a.kind === "person" ? a.person.id : "")).filter(Boolean));
    if (people.size > 1) {
      return anonymous({
        message: "Your browser sent two different session cookies.",
        hint: "Delete the cookies of this host and log in again.",
      });
    }
    return found.find((a) => a.kind === "person") ?? found[0] ?? anonymous();
  }

  #bySession(cookie: string): Actor {
    const now = this.base.clock.now();
    const row = this.base.store.get<SessionRow>(
      `SELECT ${PERSON_COLUMNS}, s.id AS session_id, s.last_seen_at, s.expires_at
       FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.hash = ?`,
      [secretHash(cookie)],
    );
    if (!row || row.expires_at <= now) return anonymous(ENDED);
    if (row.disabled) return anonymous(DISABLED);
    if (now - row.last_seen_at >= TOUCH_MS) this.touchSession(row.session_id, now);
    return {
      kind: "person",
      person: toPerson(row),
      via: { kind: "session", id: row.session_id, csrf: csrfOf(cookie) },
      scopes: ALL_SCOPES,
    };
  }

  byToken(secret: string): Actor {
    if (!secret.startsWith(TOKEN_PREFIX)) {
      return anonymous({
        message: "This is not an API token of docklet.",
        hint: `They start with ${TOKEN_PREFIX}; make one with POST /api/v1/tokens.`,
      });
    }
    const now = this.base.clock.now();
    const row = this.base.store.get<TokenRow>(
      `SELECT ${PERSON_COLUMNS}, t.id AS token_id, t.scopes, t.last_used_at, t.expires_at AS token_expires_at
       FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = ?`,
      [secretHash(secret)],
    );
    if (!row) {
      return anonymous({
        message: "This API token is unknown here, or it was revoked.",
        hint: "Check that it belongs to this docklet, or make a new one.",
      });
    }
    if (row.token_expires_at <= now) {
      return anonymous({ message: "This API token has expired.", hint: "Make a new one." });
    }
    if (row.disabled) return anonymous(DISABLED);
    if (row.last_used_at === null || now - row.last_used_at >= TOUCH_MS) {
      this.#touch("UPDATE tokens SET last_used_at = $now WHERE id = $id", { id: row.token_id, now });
    }
    return {
      kind: "person",
      person: toPerson(row),
      via: { kind: "token", id: row.token_id },
      scopes: row.scopes.split(",") as Scope[],
    };
  }

  /** Whoever can open the root-only socket already is root of this host. */
  root(): Actor {
    const person = personByName(this.base.store, ROOT);
    if (!person) return anonymous({ message: "This docklet has no root yet.", hint: "Wait until it has started." });
    return { kind: "person", person, via: { kind: "socket" }, scopes: ALL_SCOPES };
  }

  /** The same actor as of now, or null when their right to be here is over. For connections that stay open. */
  refresh(actor: PersonActor): PersonActor | null {
    const person = personById(this.base.store, actor.person.id);
    if (!person || person.disabled || !credentialsAlive(this.base.store, actor.via, this.base.clock.now())) return null;
    return { ...actor, person };
  }

  /** Work in a workspace is use of the session too. */
  touchSession(id: string, now: number): void {
    this.#touch("UPDATE sessions SET last_seen_at = $now, expires_at = $expires WHERE id = $id", {
      id,
      now,
      expires: now + this.base.config.SESSION_HOURS * 3_600_000,
    });
  }

  #touch(sql: string, params: Record<string, string | number>): void {
    try {
      this.base.store.write((tx) => tx.run(sql, params));
    } catch (e) {
      // Reading must go on when the disk is full; the session only seems older than it is.
      this.base.log.warn({ err: e }, "the time of last use could not be written");
    }
  }
}

export function credentialsAlive(db: Reader, via: { kind: string; id?: string }, now: number): boolean {
  if (via.kind === "socket") return true;
  const table = via.kind === "session" ? "sessions" : "tokens";
  return db.get(`SELECT 1 FROM ${table} WHERE id = ? AND expires_at > ?`, [via.id ?? "", now]) !== null;
}
