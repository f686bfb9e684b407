import { IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Host } from "../../../contracts/public/index.ts";
import { hostsQuery } from "../../app/queries.ts";
import { Empty } from "../../components/Empty.tsx";
import { HostMeters } from "../../components/HostBars.tsx";
import { PageHeader } from "../../components/PageHeader.tsx";
import { QueryGate } from "../../components/QueryGate.tsx";
import { StateBadge } from "../../components/StateBadge.tsx";
import { TimeAgo } from "../../components/TimeAgo.tsx";
import { plural } from "../../format/amounts.ts";

export function HostsPage() {
  const query = useQuery(hostsQuery);
  return (
    <>
      <PageHeader
        title="Hosts"
        sub="The machines that the nodes run on. Bars show what is measured now; the lighter part is promised."
      />
      <QueryGate query={query}>
        {(hosts) =>
          hosts.length === 0 ? (
            <Empty icon={<IconServer2 size={40} stroke={1.4} />} title="No host has joined">
              Start docklet with the worker role on a machine: it shows up here by itself.
            </Empty>
          ) : (
            <div className="dk-stack">
              {hosts.map((h) => (
                <HostPanel key={h.name} host={h} />
              ))}
            </div>
          )
        }
      </QueryGate>
    </>
  );
}

function HostPanel({ host }: { host: Host }) {
  const facts: [string, React.ReactNode][] = [
    ["Address", <code key="a">{host.address}</code>],
    ["Nodes", plural(host.nodes, "node")],
    ["Warm pool", plural(host.warm, "warm node")],
    ["Booted", <TimeAgo key="b" at={host.bootedAt} />],
    ["docklet", host.version],
    ["Kernel", host.kernel],
    ["LXC", host.lxc],
  ];
  return (
    <section className="dk-panel" aria-label={`Host ${host.name}`}>
      <div className="dk-panel-head">
        <h2>{host.name}</h2>
        <StateBadge state={host.state} />
      </div>
      {host.reason && <p className="dk-reason">{host.reason}</p>}
      <HostMeters host={host} />
      <dl className="dk-facts">
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
