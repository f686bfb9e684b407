import { Button } from "@mantine/core";
import { IconServerOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { Host } from "../../../contracts/public/index.ts";
import { hasCode } from "../../app/problem.ts";
import { hostMetricsQuery, hostQuery } from "../../app/queries.ts";
import { Empty } from "../../components/Empty.tsx";
import { HostMeters } from "../../components/HostBars.tsx";
import { PageHeader } from "../../components/PageHeader.tsx";
import { Loading, QueryGate } from "../../components/QueryGate.tsx";
import { StateBadge } from "../../components/StateBadge.tsx";
import { TimeAgo } from "../../components/TimeAgo.tsx";
import { HostAdvice } from "../../hosts/HostAdvice.tsx";
import { HostMenu } from "../../hosts/HostMenu.tsx";
import { LabelsEditor } from "../../hosts/LabelsEditor.tsx";
import { isGone, isMeasured } from "../../live/hosts.ts";
import { UnderwayOf } from "../../vcluster/Underway.tsx";
import { HostFacts } from "./host/HostFacts.tsx";
import { HostNodes } from "./host/HostNodes.tsx";

const HostCharts = lazy(() => import("../../charts/HostCharts.tsx").then((m) => ({ default: m.HostCharts })));

export function HostPage() {
  const { host: name } = useParams({ from: "/inside/admin/hosts/$host" });
  const query = useQuery(hostQuery(name));
  if (hasCode(query.error, "not_found", "gone") && query.data === undefined) return <Gone name={name} />;
  return <QueryGate query={query}>{(host) => (isGone(host) ? <Gone name={name} /> : <Page host={host} />)}</QueryGate>;
}

function Page({ host }: { host: Host }) {
  const navigate = useNavigate();
  return (
    <>
      <PageHeader
        title={host.name}
        heading={
          <>
            {host.name} <StateBadge state={host.state} />
          </>
        }
        sub={
          <>
            {host.address && (
              <>
                <code>{host.address}</code> ·{" "}
              </>
            )}
            {host.bootedAt > 0 ? (
              <>
                booted <TimeAgo at={host.bootedAt} />
              </>
            ) : (
              "has not told its state yet"
            )}
          </>
        }
        actions={
          <>
            <Button variant="default" size="md" renderRoot={(props) => <Link to="/admin/hosts" {...props} />}>
              All hosts
            </Button>
            <HostMenu host={host} size={42} onRemoved={() => void navigate({ to: "/admin/hosts" })} />
          </>
        }
      />
      <HostAdvice host={host} />
      <UnderwayOf id={host.operation} steps />
      <div className="dk-host-grid">
        <section className="dk-panel" aria-labelledby="room-title">
          <h2 id="room-title">{isMeasured(host) ? "Room" : "Room, as last heard"}</h2>
          <HostMeters host={host} />
        </section>
        <HostFacts host={host} />
      </div>
      <HostLoad host={host} />
      <HostNodes host={host} />
      <div className="dk-load">
        <LabelsEditor host={host} />
      </div>
    </>
  );
}

function HostLoad({ host }: { host: Host }) {
  const metrics = useQuery(hostMetricsQuery(host.name));
  return (
    <section aria-labelledby="load-title" className="dk-load">
      <div className="dk-section-head">
        <h2 id="load-title">The last hour</h2>
      </div>
      <QueryGate query={metrics} rows={2}>
        {(samples) => (
          <Suspense fallback={<Loading rows={2} />}>
            <HostCharts host={host} samples={samples} />
          </Suspense>
        )}
      </QueryGate>
    </section>
  );
}

function Gone({ name }: { name: string }) {
  return (
    <>
      <PageHeader title={name} />
      <Empty
        icon={<IconServerOff size={40} stroke={1.4} />}
        title="This host is not here"
        action={<Button renderRoot={(props) => <Link to="/admin/hosts" {...props} />}>Go to the hosts</Button>}
      >
        It was removed, or it never joined. A machine joins with a join token, also again.
      </Empty>
    </>
  );
}
