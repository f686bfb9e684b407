import type { Reader, Tx } from "../../store/store.ts";
import type { Hub } from "../audit/hub.ts";

/** A workspace cookie: who may use the addresses of which slug, as long as their session or token lives. */
export interface GrantRow {
  id: string;
  user_id: string;
  session_id: string | null;
  token_id: string | null;
  vcluster_id: string;
  slug: string;
  expires_at: number;
}

type By = "session_id" | "token_id" | "user_id" | "vcluster_id";

/** What the gateway is told when grants end. */
export type GrantListener = (revoked: { grant?: string; slug?: string }) => void;

/** Keeps the gateway's listeners; the rows are in the database. */
export class GrantEnds {
  readonly #listeners = new Set<GrantListener>();

  listen(listener: GrantListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(revoked: { grant?: string; slug?: string }): void {
    for (const listener of this.#listeners) listener(revoked);
  }

  /** Deletes the grants of a session, token, person or vcluster, and tells the gateway once that is durable. */
  revoke(tx: Tx, by: By, id: string): void {
    const gone = tx.all<{ id: string }>(`DELETE FROM grants WHERE ${by} = ? RETURNING id`, [id]);
    tx.afterCommit(() => {
      for (const g of gone) this.tell({ grant: g.id });
    });
  }
}

/** Ends a session and everything that hangs on it, in the caller's transaction. */
export function endSession(tx: Tx, ends: GrantEnds, hub: Hub, id: string): boolean {
  ends.revoke(tx, "session_id", id);
  const gone = tx.run("DELETE FROM sessions WHERE id = ?", [id]) > 0;
  if (gone) tx.afterCommit(() => hub.revoked({ session: id }));
  return gone;
}

/** Ends all sessions of a person, except one. Returns how many. */
export function endSessions(tx: Tx, ends: GrantEnds, hub: Hub, userId: string, except: string | null): number {
  const ids = tx.all<{ id: string }>("SELECT id FROM sessions WHERE user_id = $userId AND id IS NOT $except", {
    userId,
    except,
  });
  for (const { id } of ids) endSession(tx, ends, hub, id);
  return ids.length;
}

export function grantByHash(db: Reader, hash: Uint8Array): GrantRow | null {
  return db.get<GrantRow>(
    "SELECT id, user_id, session_id, token_id, vcluster_id, slug, expires_at FROM grants WHERE hash = ?",
    [hash],
  );
}
