import { Link } from "@tanstack/react-router";
import type { Host } from "../../contracts/public/index.ts";
import { type Column, DataTable } from "../components/DataTable.tsx";
import { Meter } from "../components/Meter.tsx";
import { StateBadge } from "../components/StateBadge.tsx";
import { formatCores, formatMiB, trim } from "../format/amounts.ts";
import { isMeasured } from "../live/hosts.ts";
import { HostMenu } from "./HostMenu.tsx";
import { LabelTags } from "./LabelTags.tsx";
import { sentence } from "./sentence.ts";

const PER_PAGE = 25;

/** Made once: a frame of one host then draws its own line anew, and no other. */
const COLUMNS: Column<Host>[] = [
  {
    head: "Host",
    cell: (h) => (
      <div>
        <Link to="/admin/hosts/$host" params={{ host: h.name }} className="dk-link">
          {h.name}
        </Link>
        <div className="dk-dim dk-small dk-nowrap">{h.address || "no address yet"}</div>
        <LabelTags labels={h.labels} />
      </div>
    ),
  },
  {
    head: "State",
    cell: (h) => (
      <div className="dk-host-state">
        <StateBadge state={h.state} />
        {h.reason && <div className="dk-small">{sentence(h)}</div>}
      </div>
    ),
  },
  {
    head: "CPU",
    cell: (h) =>
      isMeasured(h) ? (
        <Meter
          compact
          label={`CPU of ${h.name}`}
          used={h.used.cpu}
          reserved={h.reserved.cpu}
          total={h.capacity.cpu}
          text={`${trim(h.used.cpu, 1)} of ${trim(h.capacity.cpu, 1)} cores`}
        />
      ) : (
        <span className="dk-dim">{formatCores(h.capacity.cpu)}</span>
      ),
  },
  { head: "Memory", cell: (h) => <Space host={h} what="memory" /> },
  { head: "Disk", cell: (h) => <Space host={h} what="disk" /> },
  {
    head: "Nodes",
    align: "right",
    cell: (h) => (
      <span className="dk-nowrap">
        {h.nodes}
        {h.warm > 0 && <span className="dk-dim dk-small dk-block">{h.warm} warm</span>}
      </span>
    ),
  },
  { head: "Actions", actions: true, cell: (h) => <HostMenu host={h} /> },
];

export function HostTable({ hosts }: { hosts: Host[] }) {
  return <DataTable label="Hosts" rows={hosts} rowKey={(h) => h.name} columns={COLUMNS} perPage={PER_PAGE} wide />;
}

function Space({ host, what }: { host: Host; what: "memory" | "disk" }) {
  if (!isMeasured(host)) return <span className="dk-dim">{formatMiB(host.capacity[what])}</span>;
  return (
    <Meter
      compact
      label={`${what === "memory" ? "Memory" : "Disk"} of ${host.name}`}
      used={host.used[what]}
      reserved={host.reserved[what]}
      total={host.capacity[what]}
      text={`${formatMiB(Math.round(host.used[what]))} of ${formatMiB(host.capacity[what])}`}
    />
  );
}
