import { Link } from "@tanstack/react-router";
import { memo } from "react";
import type { Host } from "../../contracts/public/index.ts";
import { formatMiB, plural, share, trim } from "../format/amounts.ts";
import { hostsSummary } from "../hosts/advice.ts";
import { sentence } from "../hosts/sentence.ts";
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

/** More than this would push what people came for out of sight. */
const SHOWN = 4;

/** For admins, on the overview: how full the machines are. With many, those that need a look. */
export function HostBars({ hosts }: { hosts: Host[] }) {
  const shown = worthALook(hosts).slice(0, SHOWN);
  return (
    <section className="dk-panel" aria-labelledby="hosts-title">
      <div className="dk-panel-head">
        <h2 id="hosts-title">Hosts</h2>
        <Link to="/admin/hosts" className="dk-link">
          {hosts.length > SHOWN ? `All ${hosts.length}` : "Details"}
        </Link>
      </div>
      {hosts.length > SHOWN && (
        <p className="dk-dim dk-small">{hostsSummary(hosts)}. Here are those that need a look, then the fullest.</p>
      )}
      {shown.map((host) => (
        <HostRow key={host.name} host={host} />
      ))}
    </section>
  );
}

const HostRow = memo(function HostRow({ host }: { host: Host }) {
  return (
    <div className="dk-host-row">
      <div className="dk-host-head">
        <Link to="/admin/hosts/$host" params={{ host: host.name }} className="dk-link">
          {host.name}
        </Link>
        <StateBadge state={host.state} />
        <span className="dk-dim">
          {plural(host.nodes, "node")}, {host.warm} warm
        </span>
      </div>
      {host.state === "unreachable" ? <p className="dk-small">{sentence(host)}</p> : <HostMeters host={host} />}
    </div>
  );
});

/** Hosts in trouble first, then the fullest; the promises count, because they do not jump about as the load does. */
export function worthALook(hosts: Host[]): Host[] {
  const trouble = (h: Host) => (h.state === "unreachable" ? 2 : h.state === "ready" ? 0 : 1);
  const full = ({ reserved: r, capacity: c }: Host) =>
    Math.max(share(r.cpu, c.cpu), share(r.memory, c.memory), share(r.disk, c.disk));
  return [...hosts].sort((a, b) => trouble(b) - trouble(a) || full(b) - full(a) || a.name.localeCompare(b.name));
}
