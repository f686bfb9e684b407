import type { NodeSize } from "../contracts/public/names.ts";
import type { Vcluster } from "../contracts/public/vclusters.ts";
import { formatMiB } from "../lib/units.ts";
import { formatLabels } from "./labels.ts";
import type { Output } from "./output.ts";
import { formatFields, stateColour } from "./table.ts";
import { ago, duration } from "./text.ts";

export function describeSize(size: NodeSize): string {
  return `${size.cpu} cpu, ${formatMiB(size.memory)}, ${formatMiB(size.disk)} disk`;
}

function describePlacement(p: Vcluster["placement"]): string {
  const labels = formatLabels(p.labels);
  return [p.strategy, ...(p.nodes === "any" ? [] : [p.nodes]), ...(labels === "" ? [] : [`on ${labels}`])].join(", ");
}

/** A vcluster and its nodes, for people. */
export function showVcluster(out: Output, v: Vcluster, now: number): void {
  out.stdout.write(
    formatFields([
      ["name", v.name],
      ["owner", v.owner],
      ["state", v.reason ? `${v.state}: ${v.reason}` : v.state],
      ["image", v.image],
      ["subnet", v.subnet],
      ["placement", describePlacement(v.placement)],
      ["host lost", `${v.onHostLoss.nodes}, ${v.onHostLoss.recover}`],
      ["made", ago(v.createdAt, now)],
    ]),
  );
  out.stdout.write("\n");
  out.table(
    v.nodes,
    [
      { title: "NODE", cell: (n) => n.name },
      { title: "STATE", cell: (n) => n.state, colour: (n) => stateColour(n.state) },
      { title: "ADDRESS", cell: (n) => n.address },
      { title: "HOST", cell: (n) => n.host },
      { title: "SIZE", cell: (n) => describeSize(n.size) },
      { title: "UP", cell: (n) => (n.bootedAt === null ? null : duration(now - n.bootedAt)) },
      { title: "WHY", cell: (n) => n.reason ?? "" },
      { title: "WHY THERE", cell: (n) => n.why ?? "" },
    ],
    "It has no nodes.",
  );
}
