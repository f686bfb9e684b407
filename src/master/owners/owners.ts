import type { Owner } from "../../contracts/master.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Change } from "../change.ts";
import { keepHome, leaveHome } from "../homes/removal.ts";
import { raise } from "../vclusters/desire.ts";

interface OwnerRow {
  id: string;
  name: string;
  home: number;
  authorized_keys: string;
}

/** Writes down a person as the supermaster describes them. What their nodes know of them goes out as a new generation. */
export function saveOwner(c: Change, owner: Owner): void {
  const keys = JSON.stringify(owner.authorizedKeys);
  const old = c.tx.get<OwnerRow>("SELECT * FROM owners WHERE id = $id", { id: owner.id });
  if (old && old.name === owner.name && old.home === owner.home && old.authorized_keys === keys) return;
  c.tx.run(
    `INSERT INTO owners (id, name, home, authorized_keys) VALUES ($id, $name, $home, $keys)
     ON CONFLICT (id) DO UPDATE SET name = $name, home = $home, authorized_keys = $keys`,
    { id: owner.id, name: owner.name, home: owner.home, keys },
  );
  keepHome(c, owner.id);
  if (!old) return;
  const theirs = c.tx.all<{ id: string }>("SELECT id FROM vclusters WHERE owner_id = $id AND desired <> 'deleted'", {
    id: owner.id,
  });
  for (const { id } of theirs) raise(c, id);
}

/** Forgets a person, and remembers that their data folder still has to be removed. */
export function dropOwner(c: Change, owner: Owner): void {
  const left = c.tx.all<{ name: string }>("SELECT name FROM vclusters WHERE owner_id = $id ORDER BY name LIMIT 6", {
    id: owner.id,
  });
  if (left.length > 0) {
    throw new DockletError(
      "conflict",
      `${owner.name} still has vclusters: ${left.map((r) => r.name).join(", ")}.`,
      "Delete them first.",
    );
  }
  c.tx.run("DELETE FROM owners WHERE id = $id", { id: owner.id });
  leaveHome(c, owner.id);
}
