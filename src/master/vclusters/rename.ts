import type { VclusterRef } from "../../contracts/master.ts";
import { Name } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Change } from "../change.ts";
import { activeOperation } from "../operations/operations.ts";
import { raise } from "./desire.ts";
import { alive } from "./lifecycle.ts";

/** Another name for people. The nodes keep theirs: host-0, host-1, … and everything that was built on them. */
export function rename(c: Change, a: VclusterRef & { name: string }): void {
  const vc = alive(c.tx, a.id);
  if (vc.name === a.name) return;
  if (!Name.safeParse(a.name).success) {
    throw new DockletError(
      "invalid",
      "This name can't be used.",
      "Use 1 to 31 lower-case letters, digits and hyphens; start with a letter.",
    );
  }
  const same = c.tx.get("SELECT 1 FROM vclusters WHERE owner_id = $owner AND name = $name", {
    owner: vc.owner_id,
    name: a.name,
  });
  if (same) throw new DockletError("conflict", `There is a vcluster named ${a.name} already.`, "Choose another name.");
  c.tx.run("UPDATE vclusters SET name = $name WHERE id = $id", { name: a.name, id: vc.id });
  const op = activeOperation(c.tx, vc.id);
  if (op) {
    c.tx.run("UPDATE operations SET object = $name WHERE id = $id", { name: a.name, id: op.id });
    c.operations.add(op.id);
  }
  raise(c, vc.id);
  c.event({
    actor: a.actor,
    action: "vcluster.rename",
    object: a.name,
    owner: vc.owner,
    result: "ok",
    message: `was called ${vc.name}`,
    requestId: a.requestId,
  });
}
