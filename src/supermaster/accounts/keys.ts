import type { z } from "zod";
import type { SshKey, SshKeyCreate } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { longId } from "../../lib/ids.ts";
import { isUniqueViolation } from "../../store/store.ts";
import type { Ask } from "../api/ask.ts";
import { record } from "../audit/audit.ts";
import type { Base } from "../base.ts";
import { theirs } from "./actor.ts";
import type { Owners } from "./owners.ts";
import { parseSshKey } from "./ssh-key.ts";

const MAX_KEYS = 50;

interface Row {
  id: string;
  name: string;
  fingerprint: string;
  type: string;
  created_at: number;
}

const toKey = (r: Row): SshKey => ({
  id: r.id,
  name: r.name,
  fingerprint: r.fingerprint,
  type: r.type,
  createdAt: r.created_at,
});

/** People's ssh public keys. A change reaches all their nodes. */
export class Keys {
  constructor(
    readonly base: Base,
    readonly owners: Owners,
  ) {}

  list(ask: Ask): SshKey[] {
    const { person } = theirs(ask.actor);
    return this.base.store
      .all<Row>("SELECT * FROM ssh_keys WHERE user_id = ? ORDER BY created_at, id", [person.id])
      .map(toKey);
  }

  async add(ask: Ask, body: z.output<typeof SshKeyCreate>): Promise<SshKey> {
    const { person } = theirs(ask.actor);
    const key = parseSshKey(body.key);
    const now = this.base.clock.now();
    const name = (body.name || key.comment || key.type).replace(/[\u0000-\u001f\u007f]/g, " ");
    const row: Row = { id: longId("key"), name, fingerprint: key.fingerprint, type: key.type, created_at: now };
    try {
      this.base.store.write((tx) => {
        const { n } = tx.get<{ n: number }>("SELECT count(*) AS n FROM ssh_keys WHERE user_id = ?", [person.id])!;
        if (n >= MAX_KEYS) {
          throw new DockletError(
            "conflict",
            `You have ${MAX_KEYS} ssh keys already.`,
            "Remove one that you don't use.",
          );
        }
        tx.run(
          "INSERT INTO ssh_keys (id, user_id, name, type, fingerprint, line, created_at) VALUES ($id, $user, $name, $type, $fingerprint, $line, $now)",
          { id: row.id, user: person.id, name, type: key.type, fingerprint: key.fingerprint, line: key.line, now },
        );
        this.owners.changed(tx, person.id);
        record(this.base, tx, now, ask.deed("key.add", row.id, person, `added the ssh key ${key.fingerprint}`));
      });
    } catch (e) {
      if (!isUniqueViolation(e)) throw e;
      throw new DockletError("conflict", "You have this key already.", "Each key is needed once.");
    }
    await this.owners.push(person.id);
    return toKey(row);
  }

  async remove(ask: Ask, id: string): Promise<void> {
    const { person } = theirs(ask.actor);
    const now = this.base.clock.now();
    this.base.store.write((tx) => {
      const row = tx.get<Row>("DELETE FROM ssh_keys WHERE id = ? AND user_id = ? RETURNING *", [id, person.id]);
      if (!row)
        throw new DockletError("not_found", "You have no such ssh key.", "List yours with GET /api/v1/me/keys.");
      this.owners.changed(tx, person.id);
      record(this.base, tx, now, ask.deed("key.remove", id, person, `removed the ssh key ${row.fingerprint}`));
    });
    await this.owners.push(person.id);
  }
}
