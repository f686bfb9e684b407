import type { HostNode } from "../../contracts/public/index.ts";
import { formatMiB, plural } from "../format/amounts.ts";

export interface Placed {
  nodes: number;
  running: number;
  owners: string[];
  /** "4 nodes of ann and root (60 GiB of disk)" */
  text: string;
}

const NAMED = 4;

export function placedSummary(list: Pick<HostNode, "owner" | "state" | "size">[]): Placed {
  const owners = [...new Set(list.map((n) => n.owner))].sort();
  const disk = list.reduce((sum, n) => sum + n.size.disk, 0);
  return {
    nodes: list.length,
    running: list.filter((n) => n.state !== "stopped" && n.state !== "failed").length,
    owners,
    text:
      list.length === 0
        ? "no nodes"
        : `${plural(list.length, "node")} of ${names(owners)} (${formatMiB(disk)} of disk)`,
  };
}

function names(list: string[]): string {
  if (list.length > NAMED) return `${list.slice(0, NAMED - 1).join(", ")} and ${list.length - NAMED + 1} others`;
  return list.length < 2 ? list.join("") : `${list.slice(0, -1).join(", ")} and ${list.at(-1)}`;
}
