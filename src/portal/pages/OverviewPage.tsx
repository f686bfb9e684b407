import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAdjustmentsHorizontal, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { hostsQuery, vclustersQuery } from "../app/queries.ts";
import { useMe } from "../app/useMe.ts";
import { HostBars } from "../components/HostBars.tsx";
import { PageHeader } from "../components/PageHeader.tsx";
import { QueryGate } from "../components/QueryGate.tsx";
import { QuotaBars } from "../components/QuotaBars.tsx";
import { plural } from "../format/amounts.ts";
import { AdvancedModal } from "../vcluster/AdvancedModal.tsx";
import { ClusterCard } from "../vcluster/ClusterCard.tsx";
import { useCreateVcluster } from "../vcluster/useVclusterActions.ts";
import { Welcome } from "../vcluster/Welcome.tsx";

export function OverviewPage() {
  const me = useMe();
  const mine = useQuery(vclustersQuery("mine"));
  const hosts = useQuery({ ...hostsQuery, enabled: me.user.role === "admin" });
  const [advanced, { open, close }] = useDisclosure(false);
  const create = useCreateVcluster();
  const running = (mine.data ?? []).filter((v) => v.state === "ready").length;

  return (
    <>
      <PageHeader
        title="Overview"
        heading="My clusters"
        sub={
          mine.data && (mine.data.length > 0 ? `${plural(mine.data.length, "cluster")}, ${running} ready` : "None yet")
        }
        actions={
          <>
            <Button
              variant="default"
              size="md"
              leftSection={<IconAdjustmentsHorizontal size={18} aria-hidden />}
              onClick={open}
            >
              Advanced…
            </Button>
            <Button
              size="md"
              leftSection={<IconPlus size={20} aria-hidden />}
              loading={create.isPending}
              onClick={() => create.mutate({})}
            >
              New cluster
            </Button>
          </>
        }
      />
      <div className="dk-overview">
        <div className="dk-overview-main">
          <QueryGate query={mine}>
            {(list) =>
              list.length === 0 ? (
                <Welcome />
              ) : (
                <div className="dk-cards">
                  {list.map((vc) => (
                    <ClusterCard key={vc.id} vc={vc} />
                  ))}
                </div>
              )
            }
          </QueryGate>
        </div>
        <div className="dk-overview-side">
          <QuotaBars me={me} />
          {hosts.data && <HostBars hosts={hosts.data} />}
        </div>
      </div>
      {advanced && <AdvancedModal onClose={close} />}
    </>
  );
}
