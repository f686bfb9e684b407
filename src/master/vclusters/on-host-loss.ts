import type { VclusterRef } from "../../contracts/master.ts";
import type { OnHostLoss } from "../../contracts/public/index.ts";
import type { Change } from "../change.ts";
import { raise } from "./desire.ts";
import { alive } from "./lifecycle.ts";

/** Another wish for when a host is lost. What is left out stays. Hosts that are lost already can't hear of it. */
export function setOnHostLoss(c: Change, a: VclusterRef & { onHostLoss: OnHostLoss }): void {
  const vc = alive(c.tx, a.id);
  const nodes = a.onHostLoss.nodes ?? vc.loss_nodes;
  const recover = a.onHostLoss.recover ?? vc.loss_recover;
  if (nodes === vc.loss_nodes && recover === vc.loss_recover) return;
  c.tx.run("UPDATE vclusters SET loss_nodes = $nodes, loss_recover = $recover WHERE id = $id", {
    id: vc.id,
    nodes,
    recover,
  });
  // A host that can't hear of it goes on as it was told, and its nodes may run for ever.
  if (vc.loss_nodes === "keep") c.tx.run("UPDATE nodes SET kept = 1 WHERE vcluster = $id", { id: vc.id });
  raise(c, vc.id);
  c.event({
    actor: a.actor,
    action: "vcluster.on-host-loss",
    object: vc.name,
    owner: vc.owner,
    result: "ok",
    message: `nodes: ${nodes}, recover: ${recover}`,
    requestId: a.requestId,
  });
}
