import type { Host } from "../../contracts/public/index.ts";

/** What a state that is not `ready` means for people, and what an administrator can do about it. */
export interface Advice {
  title: string;
  means: string;
  /** Steps, in the order in which they are worth trying. */
  todo: string[];
}

const ADVICE: Record<Exclude<Host["state"], "ready">, (host: string) => Advice> = {
  joining: (h) => ({
    title: "Not ready yet",
    means: `Nothing is placed on ${h} until it is ready.`,
    todo: [
      "A host that has just joined needs a minute.",
      `Otherwise look on ${h}: \`docklet doctor\` says what is missing there, \`docklet doctor --fix\` mends what it can.`,
    ],
  }),
  unreachable: (h) => ({
    title: "Cannot be reached",
    means: `Nodes on ${h} may still be running. docklet starts none of them a second time; each cluster has its own setting for what happens when a host is lost.`,
    todo: [
      `Is the machine on, and does its network work? Everything goes on by itself as soon as ${h} is back.`,
      `On ${h}: \`docklet status\` and \`journalctl -u docklet\` tell more. It must reach this docklet at MASTER_PORT (TCP 9000).`,
      "If the machine is off for good: remove it. The nodes that are placed on it are lost then; clusters that wish it get them anew on other hosts.",
    ],
  }),
  cordoned: (h) => ({
    title: "Cordoned",
    means: `What runs on ${h} goes on. Nothing new is placed on it.`,
    todo: ["Uncordon it when it may be used again, or drain it to empty it."],
  }),
  draining: (h) => ({
    title: "Being emptied",
    means: `Its nodes move to other hosts, and nothing new is placed on ${h}.`,
    todo: [],
  }),
  removed: (h) => ({
    title: "Removed",
    means: `${h} does not belong here any more. The nodes that were placed on it are lost.`,
    todo: ["It leaves this list when the last cluster with a node on it is deleted."],
  }),
};

/** null: it is ready, and there is nothing to say. */
export function adviceFor(host: Pick<Host, "name" | "state">): Advice | null {
  return host.state === "ready" ? null : ADVICE[host.state](host.name);
}

/** "3 hosts: 2 ready, 1 unreachable" */
export function hostsSummary(hosts: Pick<Host, "state">[]): string {
  const counts = new Map<string, number>();
  for (const h of hosts) counts.set(h.state, (counts.get(h.state) ?? 0) + 1);
  const states = [...counts].sort(([a], [b]) => Number(b === "ready") - Number(a === "ready"));
  return `${hosts.length} ${hosts.length === 1 ? "host" : "hosts"}: ${states.map(([s, n]) => `${n} ${s}`).join(", ")}`;
}
