import type { NodeSize } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Cidr } from "../../lib/ipv4.ts";
import type { Change } from "../change.ts";
import { chooseAddresses, growSubnet } from "../networks/leases.ts";
import { activeOperation, begin } from "../operations/operations.ts";
import { bootSteps, countSteps } from "../operations/steps.ts";
import { describe } from "../placement/amount.ts";
import type { Candidate } from "../placement/candidate.ts";
import { place } from "../placement/place.ts";
import { addNodes, checkNodes } from "./create.ts";
import { dismiss, raise } from "./desire.ts";
import { type Asked, alive, busy, finishAtOnce, plain } from "./lifecycle.ts";
import { type NodeRow, nodeRows, type VclusterRow, wishOf } from "./rows.ts";

export interface ScaleInput extends Asked {
  nodes: number;
  size: NodeSize;
  nodeIds: string[];
  net: Cidr;
  candidates: Candidate[];
}

/** Adds nodes at the end or takes them from the end. The other nodes learn of it with the same generation. */
export function scale(c: Change, a: ScaleInput): string {
  checkNodes(a.nodes, a.size);
  const vc = alive(c.tx, a.id);
  const op = activeOperation(c.tx, vc.id);
  if (op) throw busy(vc, op);
  const nodes = nodeRows(c.tx, vc.id);
  if (a.nodes === nodes.length) {
    begin(c, plain(vc, a, "vcluster.scale", "remove", 0, false, countSteps("nodes", 0, 0)), `${a.nodes} nodes`);
    finishAtOnce(c, a.operation, `it has ${a.nodes} nodes already`);
  } else if (a.nodes < nodes.length) shrink(c, a, vc, nodes);
  else grow(c, a, vc, nodes);
  return a.operation;
}

/** What was on the removed nodes is lost the moment the order is out: there is no way back, so it can't be cancelled. */
function shrink(c: Change, a: ScaleInput, vc: VclusterRow, nodes: NodeRow[]): void {
  const leaving = nodes.slice(a.nodes);
  begin(
    c,
    plain(vc, a, "vcluster.scale", "remove", leaving.length, false, countSteps("remove", leaving.length, 0)),
    `from ${nodes.length} to ${a.nodes} nodes`,
  );
  dismiss(
    c,
    vc.id,
    leaving.map((n) => n.id),
  );
}

function grow(c: Change, a: ScaleInput, vc: VclusterRow, nodes: NodeRow[]): void {
  const more = a.nodes - nodes.length;
  const placed = place({ nodes: more, size: a.size, wish: wishOf(vc), first: nodes.length === 0 }, a.candidates);
  if (!placed.ok) throw new DockletError("no_capacity", placed.message, placed.hint, placed.details);
  const old = { base: vc.subnet_base, prefix: vc.subnet_prefix };
  const subnet = growSubnet(c.tx, a.net, vc.id, old, a.nodes);
  if (subnet.prefix !== old.prefix) {
    c.tx.run("UPDATE vclusters SET subnet_base = $base, subnet_prefix = $prefix WHERE id = $id", {
      base: subnet.base,
      prefix: subnet.prefix,
      id: vc.id,
    });
  }
  addNodes(c, {
    vcluster: vc.id,
    owner: vc.owner_id,
    operation: a.operation,
    ids: a.nodeIds,
    from: nodes.length === 0 ? 0 : nodes.at(-1)!.idx + 1,
    hosts: placed.hosts,
    why: placed.why,
    size: a.size,
    addresses: chooseAddresses(c.tx, subnet, vc.gateway, more),
    desired: vc.desired === "stopped" ? "stopped" : "running",
    since: raise(c, vc.id),
  });
  begin(
    c,
    plain(vc, a, "vcluster.scale", "boot", more, true, bootSteps(true, more, 0, 0)),
    `from ${nodes.length} to ${a.nodes} nodes, ${describe(a.size)} each new one`,
  );
}
