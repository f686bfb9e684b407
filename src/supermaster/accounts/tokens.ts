import type { z } from "zod";
import type { ApiToken, Scope, TokenCreate } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { longId, randomSecret } from "../../lib/ids.ts";
import type { Ask } from "../api/ask.ts";
import { record } from "../audit/audit.ts";
import type { Base } from "../base.ts";
import type { GrantEnds } from "../workspaces/grants.ts";
import { theirs } from "./actor.ts";
import { TOKEN_PREFIX } from "./identity.ts";
import { secretHash } from "./secret.ts";

const MAX_TOKENS = 100;
const DAY_MS = 86_400_000;

interface Row {
  id: string;
  name: string;
  scopes: string;
  created_at: number;
  expires_at: number;
  last_used_at: number | null;
}

const toToken = (r: Row): ApiToken => ({
  id: r.id,
  name: r.name,
  scopes: r.scopes.split(",") as Scope[],
  createdAt: r.created_at,
  expiresAt: r.expires_at,
  lastUsedAt: r.last_used_at,
});

/** API tokens: for the CLI and for scripts. */
export class Tokens {
  constructor(
    readonly base: Base,
    readonly ends: GrantEnds,
  ) {}

  list(ask: Ask): ApiToken[] {
    const { person } = theirs(ask.actor);
    return this.base.store
      .all<Row>("SELECT * FROM tokens WHERE user_id = ? ORDER BY created_at DESC, id", [person.id])
      .map(toToken);
  }

  create(ask: Ask, body: z.output<typeof TokenCreate>): { token: ApiToken; secret: string } {
    const me = theirs(ask.actor);
    const { person } = me;
    const scopes = [...new Set(body.scopes ?? (["read", "write"] as Scope[]))];
    if (scopes.includes("admin") && person.role !== "admin") {
      throw new DockletError(
        "forbidden",
        'Only administrators can make tokens with the scope "admin".',
        "Leave it out.",
      );
    }
    const now = this.base.clock.now();
    let expires = now + (body.days ?? 90) * DAY_MS;
    if (me.via.kind === "token") {
      // A token must not make a stronger or a longer-lived one than itself.
      const over = scopes.filter((s) => !me.scopes.includes(s) && !me.scopes.includes("admin"));
      if (over.length > 0) {
        throw new DockletError("forbidden", `This token can't pass on the scope "${over[0]}".`, "Log in to make it.");
      }
      const parent = this.base.store.get<{ expires_at: number }>("SELECT expires_at FROM tokens WHERE id = ?", [
        me.via.id,
      ]);
      expires = Math.min(expires, parent?.expires_at ?? now);
    }
    const secret = TOKEN_PREFIX + randomSecret();
    const row: Row = {
      id: longId("tok"),
      name: body.name,
      scopes: scopes.join(","),
      created_at: now,
      expires_at: expires,
      last_used_at: null,
    };
    this.base.store.write((tx) => {
      const { n } = tx.get<{ n: number }>("SELECT count(*) AS n FROM tokens WHERE user_id = ?", [person.id])!;
      if (n >= MAX_TOKENS) {
        throw new DockletError("conflict", `You have ${MAX_TOKENS} API tokens already.`, "Revoke some you don't need.");
      }
      tx.run(
        "INSERT INTO tokens (id, hash, user_id, name, scopes, created_at, expires_at) VALUES ($id, $hash, $user, $name, $scopes, $created, $expires)",
        {
          id: row.id,
          hash: secretHash(secret),
          user: person.id,
          name: row.name,
          scopes: row.scopes,
          created: now,
          expires,
        },
      );
      record(
        this.base,
        tx,
        now,
        ask.deed("token.create", row.id, person, `made the API token "${row.name}" (${row.scopes})`),
      );
    });
    return { token: toToken(row), secret };
  }

  revoke(ask: Ask, id: string): void {
    const { person } = theirs(ask.actor);
    const now = this.base.clock.now();
    this.base.store.write((tx) => {
      const mine = tx.get<{ name: string }>("SELECT name FROM tokens WHERE id = ? AND user_id = ?", [id, person.id]);
      if (!mine)
        throw new DockletError("not_found", "You have no such API token.", "List yours with GET /api/v1/tokens.");
      this.ends.revoke(tx, "token_id", id);
      tx.run("DELETE FROM tokens WHERE id = ?", [id]);
      record(this.base, tx, now, ask.deed("token.revoke", id, person, `revoked the API token "${mine.name}"`));
      tx.afterCommit(() => this.base.hub.revoked({ token: id }));
    });
  }
}
