import type { Change } from "../change.ts";

/** Writes down what should be. Every change of desire is a new generation; old reports and old orders don't count then. */

export function raise(c: Change, id: string): number {
  c.tx.run("UPDATE vclusters SET generation = generation + 1 WHERE id = $id", { id });
  c.touched.add(id);
  c.orders.add(id);
  return c.tx.get<{ generation: number }>("SELECT generation FROM vclusters WHERE id = $id", { id })!.generation;
}

/** Sets what a whole vcluster and every node of it should be. */
export function desire(c: Change, id: string, desired: "running" | "stopped" | "deleted"): void {
  const since = raise(c, id);
  c.tx.run("UPDATE vclusters SET desired = $desired WHERE id = $id", { desired, id });
  if (desired === "running") {
    c.tx.run(
      `UPDATE nodes SET desired = 'running', since = $since, state = CASE WHEN state = 'ready' AND desired = 'running' THEN state ELSE 'pending' END, reason = NULL
       WHERE vcluster = $id AND desired <> 'gone'`,
      { since, id },
    );
  } else if (desired === "stopped") {
    c.tx.run(
      `UPDATE nodes SET desired = 'stopped', since = $since, state = CASE WHEN state = 'stopped' THEN state ELSE 'stopping' END, reason = NULL
       WHERE vcluster = $id AND desired <> 'gone'`,
      { since, id },
    );
  } else {
    c.tx.run(
      "UPDATE nodes SET desired = 'gone', since = $since, state = 'deleting', reason = NULL WHERE vcluster = $id AND desired <> 'gone'",
      { since, id },
    );
    giveUpCopies(c, id, since);
  }
}

/** These nodes should be gone, the others stay as they are. */
export function dismiss(c: Change, id: string, nodes: string[]): void {
  const since = raise(c, id);
  c.tx.run(
    `UPDATE nodes SET desired = 'gone', since = $since, state = 'deleting', reason = NULL
     WHERE vcluster = $id AND desired <> 'gone' AND id IN (SELECT value FROM json_each($nodes))`,
    { since, id, nodes: JSON.stringify(nodes) },
  );
  giveUpCopies(c, id, since);
}

/** What other hosts still have of nodes that should be gone goes with them. */
function giveUpCopies(c: Change, id: string, since: number): void {
  c.tx.run(
    `UPDATE copies SET desired = 'gone', since = $since
     WHERE desired <> 'gone' AND node IN (SELECT id FROM nodes WHERE vcluster = $id AND desired = 'gone')`,
    { since, id },
  );
}
