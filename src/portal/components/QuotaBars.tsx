import type { Me } from "../../contracts/public/index.ts";
import { formatMiB, trim } from "../format/amounts.ts";
import { Meter } from "./Meter.tsx";

/** What I use and what is left of my group's quota. There from the first minute, with nothing made yet. */
export function QuotaBars({ me }: { me: Me }) {
  const { quota, used, user } = me;
  return (
    <section className="dk-panel" aria-labelledby="quota-title">
      <div className="dk-panel-head">
        <h2 id="quota-title">My quota</h2>
        <span className="dk-dim">group {user.group}</span>
      </div>
      <div className="dk-meters">
        <Meter label="CPU" {...amount(used.cpu, quota.cpu, (n) => trim(n, 2), "cores")} />
        <Meter label="Memory" {...amount(used.memory, quota.memory, formatMiB)} />
        <Meter label="Disk" {...amount(used.disk, quota.disk, formatMiB)} />
        <Meter label="Nodes" {...amount(used.nodes, quota.nodes, String)} />
        <Meter label="Clusters" {...amount(used.vclusters, quota.vclusters, String)} />
      </div>
    </section>
  );
}

function amount(used: number, total: number, format: (n: number) => string, unit = "") {
  const suffix = unit ? ` ${unit}` : "";
  return {
    used,
    total,
    text: `${format(used)} of ${format(total)}${suffix}`,
    left: total - used > 0 ? `${format(total - used)}${suffix} left` : "nothing left",
  };
}
