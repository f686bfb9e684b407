import { TextInput } from "@mantine/core";
import { IconBoxMultiple, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Vcluster } from "../../../contracts/public/index.ts";
import { vclustersQuery } from "../../app/queries.ts";
import { useMe } from "../../app/useMe.ts";
import { Berths } from "../../components/Berths.tsx";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Empty.tsx";
import { PageHeader } from "../../components/PageHeader.tsx";
import { QueryGate } from "../../components/QueryGate.tsx";
import { StateBadge } from "../../components/StateBadge.tsx";
import { TimeAgo } from "../../components/TimeAgo.tsx";
import { plural } from "../../format/amounts.ts";

export function ClustersPage() {
  const me = useMe();
  const query = useQuery(vclustersQuery("all"));
  const [wanted, setWanted] = useState("");
  const columns = useMemo(() => columnsFor(me.user.name), [me.user.name]);
  return (
    <>
      <PageHeader title="All clusters" sub={query.data && plural(query.data.length, "cluster")} />
      <TextInput
        aria-label="Find by name, owner or state"
        placeholder="Find by name, owner or state"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={wanted}
        onChange={(e) => setWanted(e.currentTarget.value.trim().toLowerCase())}
        mb="md"
        maw={340}
      />
      <QueryGate query={query}>
        {(all) => {
          const rows = all.filter((v) => [v.name, v.owner, v.state].some((s) => s.includes(wanted)));
          if (rows.length === 0) {
            return (
              <Empty
                icon={<IconBoxMultiple size={40} stroke={1.4} />}
                title={all.length === 0 ? "No clusters yet" : "None like that"}
              >
                {all.length === 0 ? "As soon as anybody makes one it is listed here." : "Try fewer letters."}
              </Empty>
            );
          }
          return <DataTable label="All clusters" rows={rows} rowKey={(v) => v.id} columns={columns} perPage={50} />;
        }}
      </QueryGate>
    </>
  );
}

/** Made once: a frame of one cluster then draws its own line anew, and no other. */
function columnsFor(self: string): Column<Vcluster>[] {
  return [
    {
      head: "Cluster",
      cell: (v) => (
        <Link
          to="/vclusters/$name"
          params={{ name: v.name }}
          search={{ owner: v.owner === self ? undefined : v.owner, tab: undefined }}
          className="dk-link"
        >
          {v.name}
        </Link>
      ),
    },
    { head: "Owner", cell: (v) => v.owner },
    { head: "State", cell: (v) => <StateBadge state={v.state} /> },
    { head: "Nodes", cell: (v) => <Berths nodes={v.nodes} /> },
    { head: "Image", cell: (v) => v.image },
    { head: "Made", cell: (v) => <TimeAgo at={v.createdAt} /> },
  ];
}
