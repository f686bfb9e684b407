import type { Vcluster } from "../../contracts/public/index.ts";
import { formatCores, formatMiB, plural } from "../format/amounts.ts";

export function totals(vc: Vcluster) {
  return vc.nodes.reduce(
    (sum, n) => ({ cpu: sum.cpu + n.size.cpu, memory: sum.memory + n.size.memory, disk: sum.disk + n.size.disk }),
    { cpu: 0, memory: 0, disk: 0 },
  );
}

/** "2 nodes, 2 cores, 2 GiB memory, 20 GiB disk" */
export function summaryOf(vc: Vcluster): string {
  const { cpu, memory, disk } = totals(vc);
  return [
    plural(vc.nodes.length, "node"),
    formatCores(cpu),
    `${formatMiB(memory)} memory`,
    `${formatMiB(disk)} disk`,
  ].join(", ");
}
