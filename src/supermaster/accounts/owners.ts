import type { Owner } from "../../contracts/master.ts";
import type { Reader, Tx } from "../../store/store.ts";
import type { Base } from "../base.ts";

/** A person as the masters know them: data folder, its quota, and keys. */
export class Owners {
  constructor(readonly base: Base) {}

  of(db: Reader, userId: string): Owner | null {
    const row = db.get<{ id: string; name: string; home: number }>(
      "SELECT u.id, u.name, g.home FROM users u JOIN groups g ON g.name = u.group_name WHERE u.id = ?",
      [userId],
    );
    if (!row) return null;
    const keys = db.all<{ line: string }>("SELECT line FROM ssh_keys WHERE user_id = ? ORDER BY created_at, id", [
      userId,
    ]);
    return { ...row, authorizedKeys: keys.map((k) => k.line) };
  }

  /** Marks a person as not yet told to the master, in the transaction that changed them. */
  changed(tx: Tx, userId: string): void {
    tx.run("UPDATE users SET synced = 0 WHERE id = ?", [userId]);
    tx.afterCommit(() => this.base.hub.meChanged(userId));
  }

  /** Tells the master. When that fails the mark stays, and the sweep tries again. */
  async push(userId: string): Promise<void> {
    const owner = this.of(this.base.store, userId);
    if (!owner) return;
    try {
      await this.base.master.updateOwner(owner);
    } catch (e) {
      this.base.log.warn(
        { err: e, user: owner.name },
        "the master could not be told of a person's change; trying again",
      );
      return;
    }
    const now = JSON.stringify(this.of(this.base.store, userId));
    // Changed again meanwhile: whoever did that pushes too.
    if (now === JSON.stringify(owner))
      this.base.store.write((tx) => tx.run("UPDATE users SET synced = 1 WHERE id = ?", [userId]));
  }

  async pushAll(): Promise<void> {
    for (const { id } of this.base.store.all<{ id: string }>("SELECT id FROM users WHERE synced = 0"))
      await this.push(id);
  }
}
