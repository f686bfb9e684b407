import type { Host, Vcluster } from "../../contracts/public/index.ts";

export interface HostTrouble {
  host: string;
  /** What is wrong, and of which nodes. */
  what: string;
  /** What becomes of them. */
  next: string;
}

const NAMED = 4;

/** Hosts of this cluster that cannot be reached, in words for its owner. */
export function hostTroubles(vc: Pick<Vcluster, "nodes" | "onHostLoss" | "desired">, hosts: Host[]): HostTrouble[] {
  return hosts
    .filter((h) => h.state === "unreachable" || h.state === "removed")
    .flatMap((h) => {
      const nodes = vc.nodes.filter((n) => n.host === h.name);
      if (nodes.length === 0) return [];
      const names = nodes.map((n) => n.name);
      const which =
        names.length > NAMED
          ? `${names.slice(0, NAMED - 1).join(", ")} and ${names.length - NAMED + 1} more`
          : names.join(", ");
      // The server knows how long it has been, and what it waits for. In the first seconds it has not said so yet.
      const said = nodes.find((n) => n.reason !== null)?.reason;
      if (h.state === "removed")
        return [{ host: h.name, what: `${h.name} was removed. On it were: ${which}.`, next: said ?? GONE }];
      return [
        {
          host: h.name,
          what: `${h.name} cannot be reached. On it: ${which}.`,
          next: said ? capital(said) : vc.desired === "running" ? whatHappens(vc.onHostLoss) : RESTS,
        },
      ];
    });
}

const GONE = "They are lost. Delete this cluster, or scale it down to the nodes that are left.";
const RESTS = "Nothing is lost; they can be started when it is back.";

function whatHappens({ nodes, recover }: Vcluster["onHostLoss"]): string {
  const there = {
    keep: "Nodes there go on if the machine does",
    freeze: "If it does not come back soon, nodes there are frozen",
    stop: "If it does not come back soon, nodes there are stopped",
  }[nodes];
  return recover === "wait"
    ? `${there}; docklet waits for the host and loses nothing.`
    : `${there}; as soon as it is certain that they do not run, they are made anew elsewhere, without what was on their disks.`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
