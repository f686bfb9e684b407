import type { Cause, VclusterRef } from "../../contracts/master.ts";
import type { Step } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import type { Hosts } from "../hosts/hosts.ts";
import type { Images } from "../images/images.ts";
import { activeOperation, begin, type Failure, type OperationRow, turn } from "../operations/operations.ts";
import { alive, busy, finishAtOnce, plain } from "../vclusters/lifecycle.ts";
import { type NodeRow, nodeName, nodeRows, type VclusterRow, vclusterRow } from "../vclusters/rows.ts";
import { moveSteps } from "./progress.ts";
import { isOpen, moveOf, movesOfOperation } from "./rows.ts";
import { checkTarget, type Target, targets } from "./targets.ts";
import { turnBack } from "./transitions.ts";

export interface Places {
  hosts: Hosts;
  images: Images;
}

export interface AskedMove extends VclusterRef {
  /** Names; null: all of them. */
  nodes: string[] | null;
  /** null: wherever there is room but where they are. */
  to: string | null;
  operation: string;
}

/** Begins to move nodes of one vcluster. Nothing is begun unless all of them find a place. */
export function moveVcluster(c: Change, a: AskedMove, places: Places): string {
  const vc = alive(c.tx, a.id);
  const op = activeOperation(c.tx, vc.id);
  if (op) throw busy(vc, op);
  checkTarget(places.hosts, a.to);
  const asked = chosen(vc, nodeRows(c.tx, vc.id), a.nodes);
  for (const n of asked) checkFree(c.tx, n);
  const leaving = asked.filter((n) => n.host !== a.to);
  const found = targets(c.tx, places, vc, leaving, a);
  for (const t of found) if ("refused" in t) throw t.refused;
  const steps = moveSteps([], () => null, false);
  const message = `${leaving.map(nodeName).join(", ")}${a.to === null ? "" : ` to ${a.to}`}`;
  begin(c, plain(vc, a, "vcluster.move", "move", leaving.length, leaving.length > 0, steps), message);
  if (leaving.length === 0) finishAtOnce(c, a.operation, `all of it is on ${a.to} already`);
  else for (const t of found) add(c, a.operation, vc, t, nodeName(t.node));
  return a.operation;
}

export interface AskedDrain extends Cause {
  name: string;
  to: string | null;
  operation: string;
}

/** Begins to move everything away from a host, which gets nothing new from then on. What finds no place stays, and is named. */
export function drainHost(c: Change, a: AskedDrain, places: Places): string {
  const { hosts } = places;
  checkTarget(hosts, a.name);
  checkTarget(hosts, a.to);
  if (a.to === a.name) throw new DockletError("invalid", `${a.to} is the host to be emptied.`, "Name another one.");
  if (hosts.isRemoved(a.name)) throw new DockletError("gone", `${a.name} was removed.`, "Its nodes are lost.");
  const running = c.tx.get<{ id: string }>(
    "SELECT id FROM operations WHERE host = $host AND plan = 'drain' AND ended_at IS NULL",
    { host: a.name },
  );
  if (running) return running.id;
  hosts.settings.set(c, a.name, { cordoned: true }, a);
  const byVcluster = Map.groupBy(
    c.tx.all<NodeRow>("SELECT * FROM nodes WHERE host = $host AND desired <> 'gone' ORDER BY vcluster, idx", {
      host: a.name,
    }),
    (n) => n.vcluster,
  );
  const free = [...byVcluster].flatMap(([id, nodes]) => {
    const vc = vclusterRow(c.tx, id)!;
    // One that is on its way already is another operation's business.
    const idle = nodes.filter((n) => moveOf(c.tx, n.id) === null);
    return idle.length > 0 ? [{ vc, nodes: idle }] : [];
  });
  const total = free.reduce((sum, f) => sum + f.nodes.length, 0);
  begin(
    c,
    {
      id: a.operation,
      kind: "host.drain",
      owner: a.actor,
      object: a.name,
      host: a.name,
      plan: "drain",
      total,
      cancellable: total > 0,
      steps: moveSteps([], () => null, false),
      actor: a.actor,
      requestId: a.requestId,
    },
    `${total} node${total === 1 ? "" : "s"}${a.to === null ? "" : ` to ${a.to}`}`,
  );
  for (const { vc, nodes } of free) {
    for (const t of targets(c.tx, places, vc, nodes, { to: a.to, from: a.name })) {
      add(c, a.operation, vc, t, `${vc.owner}/${vc.name} ${nodeName(t.node)}`);
    }
  }
  c.moving.add(a.operation);
  return a.operation;
}

/** Turns everything back that has not arrived. What has arrived stays there. */
export function cancelMoves(c: Change, op: OperationRow, cause: Cause): void {
  if (op.ended_at !== null || op.outcome !== null) return;
  const why: Failure = { code: "cancelled", message: `cancelled by ${cause.actor}`, hint: "" };
  turn(c, op, "cancelled", why, JSON.parse(op.steps) as Step[]);
  for (const m of movesOfOperation(c.tx, op.id)) if (isOpen(m)) turnBack(c, m, "cancelled", why);
  c.moving.add(op.id);
}

function chosen(vc: VclusterRow, all: NodeRow[], names: string[] | null): NodeRow[] {
  const live = all.filter((n) => n.desired !== "gone");
  if (names === null) return live;
  return [...new Set(names)].map((name) => {
    const node = live.find((n) => nodeName(n) === name);
    if (node) return node;
    throw new DockletError(
      "not_found",
      `${vc.name} has no node ${name.slice(0, 40)}.`,
      `It has ${live.map(nodeName).join(", ")}.`,
    );
  });
}

function checkFree(db: Reader, n: NodeRow): void {
  const m = moveOf(db, n.id);
  if (!m) return;
  throw new DockletError(
    "conflict",
    `${nodeName(n)} is being moved from ${m.from_host} to ${m.to_host} right now.`,
    "Wait until that is done, or cancel it.",
    { operation: m.operation },
  );
}

function add(c: Change, operation: string, vc: VclusterRow, t: Target, name: string): void {
  const refused = "refused" in t ? t.refused : null;
  c.tx.run(
    `INSERT INTO moves (operation, node, vcluster, name, from_host, to_host, phase, outcome, error)
     VALUES ($operation, $node, $vcluster, $name, $from, $to, $phase, $outcome, $error)`,
    {
      operation,
      node: t.node.id,
      vcluster: vc.id,
      name,
      from: t.node.host,
      to: "to" in t ? t.to : "",
      phase: refused ? "failed" : "waiting",
      outcome: refused && "failed",
      error: refused && JSON.stringify({ code: refused.code, message: refused.message, hint: refused.hint }),
    },
  );
  c.moving.add(operation);
}
