import { Button, Tabs } from "@mantine/core";
import { IconBoxOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Navigate, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { Vcluster } from "../../contracts/public/index.ts";
import { hasCode } from "../app/problem.ts";
import { hostsQuery, vclusterQuery } from "../app/queries.ts";
import { useMe } from "../app/useMe.ts";
import { Berths } from "../components/Berths.tsx";
import { Empty } from "../components/Empty.tsx";
import { PageHeader } from "../components/PageHeader.tsx";
import { QueryGate } from "../components/QueryGate.tsx";
import { StateBadge } from "../components/StateBadge.tsx";
import { TimeAgo } from "../components/TimeAgo.tsx";
import { HostTroubles } from "../vcluster/HostTroubles.tsx";
import { hostTroubles } from "../vcluster/hostTrouble.ts";
import { summaryOf } from "../vcluster/summary.ts";
import { Underway } from "../vcluster/Underway.tsx";
import { HistoryTab } from "./vcluster/HistoryTab.tsx";
import { NodesTab } from "./vcluster/NodesTab.tsx";
import { SettingsTab } from "./vcluster/SettingsTab.tsx";
import { VclusterActions } from "./vcluster/VclusterActions.tsx";

export function VclusterPage() {
  const { name } = useParams({ from: "/inside/vclusters/$name" });
  const { owner } = useSearch({ from: "/inside/vclusters/$name" });
  const me = useMe();
  const query = useQuery(vclusterQuery(owner ?? me.user.name, name, owner));
  if (hasCode(query.error, "not_found", "gone") && query.data === undefined) return <Gone name={name} />;
  return <QueryGate query={query}>{(vc) => <Page vc={vc} asked={name} owner={owner} />}</QueryGate>;
}

function Page({ vc, asked, owner }: { vc: Vcluster; asked: string; owner: string | undefined }) {
  const { tab } = useSearch({ from: "/inside/vclusters/$name" });
  const navigate = useNavigate();
  // Renamed, here or in another tab: go along.
  if (vc.name !== asked)
    return <Navigate to="/vclusters/$name" params={{ name: vc.name }} search={{ owner, tab }} replace />;
  if (vc.desired === "deleted" && vc.nodes.length === 0) return <Gone name={vc.name} />;
  const current = tab === "history" || tab === "settings" ? tab : "nodes";
  return (
    <>
      <PageHeader
        title={vc.name}
        heading={
          <>
            {vc.name} <StateBadge state={vc.state} />
          </>
        }
        sub={
          <>
            {owner && <>Owner {owner} · </>}
            {summaryOf(vc)} · image {vc.image} · made <TimeAgo at={vc.createdAt} />
          </>
        }
        actions={<VclusterActions vc={vc} />}
      />
      <div className="dk-vc-strip">
        <Berths nodes={vc.nodes} large />
        {vc.subnet && (
          <span className="dk-dim">
            private network <code>{vc.subnet}</code>
          </span>
        )}
      </div>
      <Trouble vc={vc} />
      <Underway vc={vc} steps />
      <Tabs
        value={current}
        onChange={(to) =>
          void navigate({
            to: "/vclusters/$name",
            params: { name: vc.name },
            search: { owner, tab: to === "nodes" ? undefined : (to ?? undefined) },
            replace: true,
          })
        }
        keepMounted={false}
        className="dk-tabs"
      >
        <Tabs.List aria-label={`Parts of ${vc.name}`}>
          <Tabs.Tab value="nodes">Nodes</Tabs.Tab>
          <Tabs.Tab value="history">History</Tabs.Tab>
          <Tabs.Tab value="settings">Settings</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="nodes">
          <NodesTab vc={vc} />
        </Tabs.Panel>
        <Tabs.Panel value="history">
          <HistoryTab vc={vc} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <SettingsTab vc={vc} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

/** Why the cluster is as it is. A host that is lost says it for all of its nodes. */
function Trouble({ vc }: { vc: Vcluster }) {
  const hosts = useQuery(hostsQuery);
  const troubles = hostTroubles(vc, hosts.data ?? []);
  if (troubles.length > 0) return <HostTroubles troubles={troubles} />;
  return vc.reason ? <p className="dk-reason">{vc.reason}</p> : null;
}

function Gone({ name }: { name: string }) {
  return (
    <>
      <PageHeader title={name} />
      <Empty
        icon={<IconBoxOff size={40} stroke={1.4} />}
        title="This cluster does not exist"
        action={<Button renderRoot={(props) => <Link to="/" {...props} />}>Go to my clusters</Button>}
      >
        It was deleted, or it never was. What you kept in <code>~/nfs</code> is still in your data folder: every new
        cluster of yours has it.
      </Empty>
    </>
  );
}
