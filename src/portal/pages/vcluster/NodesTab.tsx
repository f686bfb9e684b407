import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import type { Node, Sample, Vcluster } from "../../../contracts/public/index.ts";
import { metricsQuery } from "../../app/queries.ts";
import { DataTable } from "../../components/DataTable.tsx";
import { Meter } from "../../components/Meter.tsx";
import { Loading, QueryGate } from "../../components/QueryGate.tsx";
import { StateBadge } from "../../components/StateBadge.tsx";
import { TimeAgo } from "../../components/TimeAgo.tsx";
import { formatBytes, formatCores, formatMiB, formatRate, trim } from "../../format/amounts.ts";
import type { NodeSeries } from "../../live/reducer.ts";
import { TerminalButton } from "../../vcluster/links.tsx";
import { NodeHost } from "../../vcluster/NodeHost.tsx";
import { useAsOwner } from "../../vcluster/useVclusterActions.ts";

const NodeCharts = lazy(() => import("../../charts/NodeCharts.tsx").then((m) => ({ default: m.NodeCharts })));
const MIB = 1024 * 1024;

export function NodesTab({ vc }: { vc: Vcluster }) {
  const owner = useAsOwner(vc.owner);
  const metrics = useQuery(metricsQuery(vc, owner));
  const [chosen, setChosen] = useState<string | null>(null);
  const node = vc.nodes.find((n) => n.name === chosen) ?? vc.nodes[0];
  return (
    <>
      <NodeTable vc={vc} series={metrics.data ?? []} />
      <section aria-labelledby="load-title" className="dk-load">
        <div className="dk-section-head">
          <h2 id="load-title">The last hour</h2>
          {vc.nodes.length > 1 && (
            <Select
              aria-label="Node whose load is shown"
              data={vc.nodes.map((n) => n.name)}
              value={node?.name ?? null}
              onChange={setChosen}
              w={140}
            />
          )}
        </div>
        <QueryGate query={metrics} rows={2}>
          {(series) =>
            node ? (
              <Suspense fallback={<Loading rows={2} />}>
                <NodeCharts node={node} samples={samplesOf(series, node)} />
              </Suspense>
            ) : null
          }
        </QueryGate>
      </section>
    </>
  );
}

/** The stream may name a node by its id or by its name. */
function samplesOf(series: NodeSeries[], node: Node): Sample[] {
  return series.filter((s) => s.node === node.name || s.node === node.id).flatMap((s) => s.samples);
}

function NodeTable({ vc, series }: { vc: Vcluster; series: NodeSeries[] }) {
  const last = (n: Node) => (n.state === "ready" ? samplesOf(series, n).at(-1) : undefined);
  return (
    <DataTable
      label={`Nodes of ${vc.name}`}
      rows={vc.nodes}
      rowKey={(n) => n.id}
      wide
      columns={[
        {
          head: "Node",
          cell: (n) => (
            <div>
              <strong>{n.name}</strong>
              <div className="dk-dim dk-small dk-nowrap">{n.address ?? "no address yet"}</div>
            </div>
          ),
        },
        {
          head: "State",
          cell: (n) => (
            <div>
              <StateBadge state={n.state} />
              <div className="dk-dim dk-small">
                {/* What holds for all of them stands above the table. */}
                {(n.reason === vc.reason ? null : n.reason) ??
                  (n.bootedAt !== null && n.state === "ready" ? (
                    <>
                      booted <TimeAgo at={n.bootedAt} />
                    </>
                  ) : (
                    ""
                  ))}
              </div>
            </div>
          ),
        },
        { head: "Host", cell: (n) => <NodeHost node={n} /> },
        {
          head: "CPU",
          cell: (n) => {
            const s = last(n);
            if (!s) return <span className="dk-dim">{formatCores(n.size.cpu)}</span>;
            return (
              <Meter
                compact
                label={`CPU of ${n.name}`}
                used={s.cpu}
                total={n.size.cpu}
                text={`${trim(s.cpu, 2)} of ${formatCores(n.size.cpu)}`}
              />
            );
          },
        },
        { head: "Memory", cell: (n) => <Space node={n} what="Memory" bytes={last(n)?.memory} total={n.size.memory} /> },
        { head: "Disk", cell: (n) => <Space node={n} what="Disk" bytes={last(n)?.disk} total={n.size.disk} /> },
        {
          head: "Network",
          cell: (n) => {
            const s = last(n);
            if (!s) return <span className="dk-dim">none</span>;
            return (
              <span className="dk-small dk-nowrap">
                in {formatRate(s.rx)}
                <br />
                out {formatRate(s.tx)}
              </span>
            );
          },
        },
        {
          head: "Actions",
          actions: true,
          cell: (n) =>
            n.state === "ready" ? (
              <TerminalButton vc={vc} node={n.name} size="compact-sm">
                Terminal<span className="dk-sr"> on {n.name}</span>
              </TerminalButton>
            ) : null,
        },
      ]}
    />
  );
}

function Space({ node, what, bytes, total }: { node: Node; what: string; bytes: number | undefined; total: number }) {
  if (bytes === undefined) return <span className="dk-dim">{formatMiB(total)}</span>;
  return (
    <Meter
      compact
      label={`${what} of ${node.name}`}
      used={bytes}
      total={total * MIB}
      text={`${formatBytes(bytes)} of ${formatMiB(total)}`}
    />
  );
}
