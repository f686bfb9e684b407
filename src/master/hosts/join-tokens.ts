import { createHash, timingSafeEqual } from "node:crypto";
import type { Cause, NewJoinToken } from "../../contracts/master.ts";
import type { JoinToken } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { randomName, randomSecret } from "../../lib/ids.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";

export const DEFAULT_TTL_MS = 86_400_000;
const MAX_TTL_MS = 365 * 86_400_000;

export interface TokenRow {
  id: string;
  hash: string;
  role: "master" | "worker";
  uses: number;
  actor: string;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
}

const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** Makes a token. Its text is answered this once; only a hash of its secret stays here. */
export function createToken(
  c: Change,
  fingerprint: string,
  request: Cause & NewJoinToken,
): { id: string; text: string } {
  const ttl = request.ttlMs ?? DEFAULT_TTL_MS;
  if (!Number.isSafeInteger(ttl) || ttl < 1000 || ttl > MAX_TTL_MS) {
    throw new DockletError("invalid", "A join token lives between a second and a year.", "The default is 24 hours.");
  }
  const id = randomName(10);
  const secret = randomSecret();
  const uses = request.uses ?? 1;
  c.tx.run(
    "INSERT INTO join_tokens (id, hash, role, uses, actor, created_at, expires_at) VALUES ($id, $hash, $role, $uses, $actor, $now, $expires)",
    { id, hash: hashOf(secret), role: request.role, uses, actor: request.actor, now: c.now, expires: c.now + ttl },
  );
  tell(c, request, "join-token.create", id, `for ${uses} ${request.role}${uses === 1 ? "" : "s"}`);
  return { id, text: `DK1.${fingerprint}.${id}.${secret}` };
}

export function revokeToken(c: Change, request: Cause & { id: string }): void {
  const changed = c.tx.run("UPDATE join_tokens SET revoked_at = $now WHERE id = $id AND revoked_at IS NULL", {
    id: request.id,
    now: c.now,
  });
  if (changed > 0) tell(c, request, "join-token.revoke", request.id, "");
  else if (!row(c.tx, request.id)) {
    throw new DockletError("not_found", "There is no such join token.", "`docklet join-token ls` lists them.");
  }
}

/** The token of a joiner who knows its secret. Throws what is wrong with it; who doesn't know the secret learns nothing. */
export function checkToken(db: Reader, given: { id: string; secret: string }, role: string): TokenRow {
  const t = row(db, given.id);
  const expected = Buffer.from(t?.hash ?? hashOf(""), "hex");
  if (!t || !timingSafeEqual(expected, Buffer.from(hashOf(given.secret), "hex"))) {
    throw refused(
      "This join token is not known here.",
      "It may be mistyped, or older than this cluster. Make a new one",
    );
  }
  if (t.revoked_at !== null) throw refused("This join token was revoked.", "Make a new one");
  if (t.role !== role)
    throw refused(`This join token is for a ${t.role}, not for a ${role}.`, "Make one for this role");
  return t;
}

/** May one more host join with it? */
export function checkRoom(db: Reader, t: TokenRow, now: number): void {
  if (t.expires_at <= now) throw refused("This join token has expired.", "Make a new one");
  if (used(db, t.id) >= t.uses) {
    throw refused(
      t.uses === 1 ? "This join token has been used." : `This join token has been used ${t.uses} times, which is all.`,
      "Make a new one",
    );
  }
}

export function listTokens(db: Reader, now: number): JoinToken[] {
  return db.all<TokenRow>("SELECT * FROM join_tokens ORDER BY created_at DESC, id").map((t) => present(db, t, now));
}

export function readToken(db: Reader, id: string, now: number): JoinToken | null {
  const t = row(db, id);
  return t && present(db, t, now);
}

const row = (db: Reader, id: string) => db.get<TokenRow>("SELECT * FROM join_tokens WHERE id = $id", { id });

/** Counted from those who joined with it, never up and down. */
const used = (db: Reader, token: string): number =>
  db.get<{ n: number }>("SELECT count(*) AS n FROM members WHERE token = $token", { token })!.n;

function present(db: Reader, t: TokenRow, now: number): JoinToken {
  const hosts = db.all<{ name: string }>("SELECT name FROM members WHERE token = $id ORDER BY joined_at", { id: t.id });
  const state =
    t.revoked_at !== null ? "revoked" : hosts.length >= t.uses ? "used" : t.expires_at <= now ? "expired" : "valid";
  return {
    id: t.id,
    role: t.role,
    state,
    uses: t.uses,
    hosts: hosts.map((h) => h.name),
    createdBy: t.actor,
    createdAt: t.created_at,
    expiresAt: t.expires_at,
  };
}

const refused = (message: string, hint: string): DockletError =>
  new DockletError("unauthenticated", message, `${hint} on the master: docklet join-token create --role worker`);

function tell(c: Change, cause: Cause, action: string, id: string, message: string): void {
  c.event({
    actor: cause.actor,
    action,
    object: id,
    owner: null,
    result: "ok",
    message,
    requestId: cause.requestId,
  });
}
