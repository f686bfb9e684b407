import type { Host, Vcluster } from "../../contracts/public/index.ts";
import { sentence } from "../hosts/sentence.ts";

export interface HostTrouble {
  host: string;
  /** What is wrong, and of which nodes. */
  what: string;
  /** What docklet does about it, by the settings of this cluster. */
  next: string;
}

/** Hosts of this cluster that cannot be reached, in words for its owner. */
export function hostTroubles(vc: Pick<Vcluster, "nodes" | "onHostLoss" | "desired">, hosts: Host[]): HostTrouble[] {
  return hosts
    .filter((h) => h.state === "unreachable" || h.state === "removed")
    .flatMap((h) => {
      const nodes = vc.nodes.filter((n) => n.host === h.name).map((n) => n.name);
      if (nodes.length === 0) return [];
      const which =
        nodes.length > 4 ? `${nodes.slice(0, 3).join(", ")} and ${nodes.length - 3} more` : nodes.join(", ");
      if (h.state === "removed")
        return [
          {
            host: h.name,
            what: `${h.name} was removed. ${which} ${nodes.length === 1 ? "is" : "are"} lost.`,
            next: "Delete this cluster, or scale it down to the nodes that are left.",
          },
        ];
      return [
        {
          host: h.name,
          what: `${sentence(h) || `${h.name} cannot be reached.`} On it: ${which}.`,
          next:
            vc.desired === "running"
              ? whatHappens(vc.onHostLoss)
              : "Nothing is lost; they can be started when it is back.",
        },
      ];
    });
}

function whatHappens({ nodes, recover }: Vcluster["onHostLoss"]): string {
  const there = {
    keep: "Nodes there go on running if the machine does",
    freeze: "Nodes there are frozen until the host is back",
    stop: "Nodes there are stopped",
  }[nodes];
  return recover === "wait"
    ? `${there}; docklet waits for the host and loses nothing.`
    : `${there}; as soon as it is certain that they do not run, they are made anew elsewhere, without what was on their disks.`;
}
