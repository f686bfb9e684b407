import type { MasterFrame } from "../../contracts/master.ts";
import type { Wing } from "../wing.ts";

const DOWN = new Set(["stopping", "stopped", "failed", "deleting"]);

/** Passes on what a data centre tells, under the names and to the people that this wing knows. */
export function followMaster(wing: Wing): () => void {
  const { base, vclusters, ends } = wing;
  const { hub } = base;
  const { views, settlement } = vclusters;

  const follow = (frame: MasterFrame): void => {
    switch (frame.type) {
      case "vcluster": {
        const view = views.vcluster(frame.data);
        if (!view) return;
        settlement.settle(frame.data);
        for (const node of frame.data.nodes) if (node.slug && DOWN.has(node.state)) ends.tell({ slug: node.slug });
        hub.publish({ type: "vcluster", data: view.shown }, { owner: view.ownerId });
        return;
      }
      case "vcluster.deleted": {
        const owner = views.ownerOfVcluster(frame.data.id);
        settlement.release(frame.data.id);
        views.forget(frame.data.id);
        hub.publish(frame, { owner });
        return;
      }
      case "metrics":
        hub.publish(frame, { owner: views.ownerOfVcluster(frame.data.vcluster) });
        return;
      case "operation":
        hub.publish(frame, { owner: views.operation(frame.data).ownerId });
        return;
      case "event":
        hub.publish(frame, { owner: views.ownerId(frame.data.owner, frame.data.at) });
        return;
      case "image":
      case "host":
        hub.publish(frame, "everyone");
    }
  };

  return base.master.subscribe((frame) => {
    try {
      follow(frame);
    } catch (e) {
      // The master is telling many others too: what fails here is ours alone.
      base.log.error({ err: e, frame: frame.type }, "a frame of the master could not be passed on");
    }
  });
}
