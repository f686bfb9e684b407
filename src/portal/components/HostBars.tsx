import { Link } from "@tanstack/react-router";
import type { Host } from "../../contracts/public/index.ts";
import { formatMiB, plural, trim } from "../format/amounts.ts";
import { Meter } from "./Meter.tsx";
import { StateBadge } from "./StateBadge.tsx";

export function HostMeters({ host }: { host: Host }) {
  const { capacity, used, reserved } = host;
  const size = (u: number, total: number) => `${formatMiB(Math.round(u))} of ${formatMiB(total)}`;
  return (
    <div className="dk-meters">
      <Meter
        label="CPU"
        used={used.cpu}
        reserved={reserved.cpu}
        total={capacity.cpu}
        text={`${trim(used.cpu, 1)} of ${trim(capacity.cpu, 1)} cores`}
        left={`${trim(reserved.cpu, 1)} promised`}
      />
      <Meter
        label="Memory"
        used={used.memory}
        reserved={reserved.memory}
        total={capacity.memory}
        text={size(used.memory, capacity.memory)}
        left={`${formatMiB(reserved.memory)} promised`}
      />
      <Meter
        label="Disk"
        used={used.disk}
        reserved={reserved.disk}
        total={capacity.disk}
        text={size(used.disk, capacity.disk)}
        left={`${formatMiB(reserved.disk)} promised`}
      />
    </div>
  );
}

/** For admins, on the overview: how full the machines are. */
export function HostBars({ hosts }: { hosts: Host[] }) {
  return (
    <section className="dk-panel" aria-labelledby="hosts-title">
      <div className="dk-panel-head">
        <h2 id="hosts-title">Hosts</h2>
        <Link to="/admin/hosts" className="dk-link">
          Details
        </Link>
      </div>
      {hosts.map((host) => (
        <div key={host.name} className="dk-host-row">
          <div className="dk-host-head">
            <strong>{host.name}</strong>
            <StateBadge state={host.state} />
            <span className="dk-dim">
              {plural(host.nodes, "node")}, {host.warm} warm
            </span>
          </div>
          <HostMeters host={host} />
        </div>
      ))}
    </section>
  );
}
