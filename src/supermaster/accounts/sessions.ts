import type { Session } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { longId, randomSecret } from "../../lib/ids.ts";
import type { Ask } from "../api/ask.ts";
import { record } from "../audit/audit.ts";
import type { Base } from "../base.ts";
import { endSession, endSessions, type GrantEnds } from "../workspaces/grants.ts";
import { theirs } from "./actor.ts";
import type { Passwords } from "./passwords.ts";
import { type PersonRow, toPerson } from "./person.ts";
import { secretHash } from "./secret.ts";
import type { Throttle } from "./throttle.ts";

/** A person who logs in more often than this without logging out loses the oldest session. */
const MAX_SESSIONS = 50;

/** Logging in and out. */
export class Sessions {
  constructor(
    readonly base: Base,
    readonly passwords: Passwords,
    readonly throttle: Throttle,
    readonly ends: GrantEnds,
  ) {}

  /** The secret for the cookie. Wrong name and wrong password are one answer. */
  async login(ask: Ask, name: string, password: string): Promise<string> {
    const { store, clock } = this.base;
    const right = this.throttle.attempt(name, ask.address);
    const row = store.get<PersonRow & { password: string }>("SELECT * FROM users WHERE name = ?", [name]);
    const ok = await this.passwords.verify(password, row?.password ?? null);
    if (!row || !ok || row.disabled) {
      // A name that nobody bears may be a password in the wrong field: it is not written down.
      const tried = row?.name ?? "(unknown name)";
      ask.denied("session.login", tried, "wrong name or password, or disabled", row?.id ?? null, row?.name);
      throw new DockletError("unauthenticated", "Name or password is wrong.", "Check both; capital letters matter.");
    }
    right();
    const rehashed = this.passwords.isStale(row.password) ? await this.passwords.hash(password) : row.password;
    const secret = randomSecret();
    const id = longId("ses");
    const now = clock.now();
    store.write((tx) => {
      tx.run(
        "INSERT INTO sessions (id, hash, user_id, created_at, last_seen_at, expires_at, address, agent) VALUES ($id, $hash, $user, $now, $now, $expires, $address, $agent)",
        {
          id,
          hash: secretHash(secret),
          user: row.id,
          now,
          expires: now + this.base.config.SESSION_HOURS * 3_600_000,
          address: ask.address,
          agent: ask.agent,
        },
      );
      // Only if the password is still the one that was checked: a change in between ends all sessions, this one too.
      const still = tx.run(
        "UPDATE users SET last_login_at = $now, password = $rehashed WHERE id = $id AND password = $old AND disabled = 0",
        { now, rehashed, id: row.id, old: row.password },
      );
      if (still === 0) throw new DockletError("unauthenticated", "Name or password is wrong.", "Log in again.");
      const old = tx.all<{ id: string }>(
        "SELECT id FROM sessions WHERE user_id = ? ORDER BY last_seen_at DESC, id LIMIT -1 OFFSET ?",
        [row.id, MAX_SESSIONS],
      );
      for (const s of old) endSession(tx, this.ends, this.base.hub, s.id);
      record(this.base, tx, now, {
        actor: row.name,
        ownerId: row.id,
        action: "session.login",
        object: row.name,
        owner: row.name,
        result: "ok",
        message: `logged in from ${ask.address}`,
        requestId: ask.requestId,
      });
    });
    this.base.hub.meChanged(toPerson(row).id);
    return secret;
  }

  /** Ends the session, or revokes the token, with which this is asked. */
  logout(ask: Ask): void {
    const me = theirs(ask.actor);
    const { via } = me;
    if (via.kind === "socket") return;
    const now = this.base.clock.now();
    this.base.store.write((tx) => {
      if (via.kind === "session") endSession(tx, this.ends, this.base.hub, via.id);
      else {
        this.ends.revoke(tx, "token_id", via.id);
        tx.run("DELETE FROM tokens WHERE id = ?", [via.id]);
        tx.afterCommit(() => this.base.hub.revoked({ token: via.id }));
      }
      record(this.base, tx, now, ask.deed("session.logout", me.person.name, me.person, "logged out"));
    });
  }

  list(ask: Ask): Session[] {
    const me = theirs(ask.actor);
    const rows = this.base.store.all<{
      id: string;
      created_at: number;
      last_seen_at: number;
      expires_at: number;
      address: string;
      agent: string;
    }>("SELECT * FROM sessions WHERE user_id = ? AND expires_at > ? ORDER BY last_seen_at DESC, id", [
      me.person.id,
      this.base.clock.now(),
    ]);
    return rows.map((r) => ({
      id: r.id,
      createdAt: r.created_at,
      lastSeenAt: r.last_seen_at,
      expiresAt: r.expires_at,
      address: r.address,
      agent: r.agent,
      current: me.via.kind === "session" && me.via.id === r.id,
    }));
  }

  revoke(ask: Ask, id: string): void {
    const { person } = theirs(ask.actor);
    const now = this.base.clock.now();
    this.base.store.write((tx) => {
      const mine = tx.get("SELECT 1 FROM sessions WHERE id = ? AND user_id = ?", [id, person.id]);
      if (!mine) throw new DockletError("not_found", "You have no such session.", "It may have ended already.");
      endSession(tx, this.ends, this.base.hub, id);
      record(this.base, tx, now, ask.deed("session.revoke", id, person, "ended a session"));
      tx.afterCommit(() => this.base.hub.meChanged(person.id));
    });
  }

  revokeOthers(ask: Ask): void {
    const { person, via } = theirs(ask.actor);
    const now = this.base.clock.now();
    this.base.store.write((tx) => {
      const n = endSessions(tx, this.ends, this.base.hub, person.id, via.kind === "session" ? via.id : null);
      record(this.base, tx, now, ask.deed("session.revoke", person.name, person, `ended ${n} other sessions`));
      tx.afterCommit(() => this.base.hub.meChanged(person.id));
    });
  }
}
