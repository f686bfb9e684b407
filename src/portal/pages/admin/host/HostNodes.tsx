import { IconBoxMultiple } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Host, HostNode } from "../../../../contracts/public/index.ts";
import { hostNodesQuery } from "../../../app/queries.ts";
import { useMe } from "../../../app/useMe.ts";
import { type Column, DataTable } from "../../../components/DataTable.tsx";
import { Empty } from "../../../components/Empty.tsx";
import { QueryGate } from "../../../components/QueryGate.tsx";
import { StateBadge } from "../../../components/StateBadge.tsx";
import { formatCores, formatMiB } from "../../../format/amounts.ts";

const COLUMNS: Column<HostNode>[] = [
  {
    head: "Node",
    cell: (n) => (
      <span>
        <ClusterLink node={n} /> <span className="dk-nowrap">{n.node}</span>
      </span>
    ),
  },
  { head: "Owner", cell: (n) => n.owner },
  { head: "State", cell: (n) => <StateBadge state={n.state} /> },
  {
    head: "Size",
    cell: (n) => (
      <span className="dk-small">
        {formatCores(n.size.cpu)}, {formatMiB(n.size.memory)}
        <span className="dk-dim dk-block">{formatMiB(n.size.disk)} disk</span>
      </span>
    ),
  },
  { head: "Why here", cell: (n) => <span className="dk-small">{n.why ?? "not written down"}</span> },
];

/** What is placed on a host, with the way to it. */
export function HostNodes({ host }: { host: Host }) {
  const query = useQuery(hostNodesQuery(host.name));
  return (
    <section aria-labelledby="nodes-title" className="dk-load">
      <div className="dk-section-head">
        <h2 id="nodes-title">What runs here</h2>
      </div>
      <QueryGate query={query} rows={2}>
        {(nodes) =>
          nodes.length === 0 ? (
            <div className="dk-panel">
              <Empty icon={<IconBoxMultiple size={36} stroke={1.4} />} title="No nodes">
                {host.state === "cordoned"
                  ? "It is cordoned and empty: it can be worked on, or removed."
                  : "Nodes of people's clusters show up here."}
              </Empty>
            </div>
          ) : (
            <DataTable
              label={`Nodes on ${host.name}`}
              rows={nodes}
              rowKey={(n) => `${n.owner}/${n.vcluster}/${n.node}`}
              columns={COLUMNS}
              perPage={25}
            />
          )
        }
      </QueryGate>
    </section>
  );
}

function ClusterLink({ node }: { node: HostNode }) {
  const me = useMe();
  return (
    <Link
      to="/vclusters/$name"
      params={{ name: node.vcluster }}
      search={{ owner: node.owner === me.user.name ? undefined : node.owner, tab: undefined }}
      className="dk-link"
    >
      {node.vcluster}
    </Link>
  );
}
