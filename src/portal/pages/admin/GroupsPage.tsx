import { Button, Group } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Group as QuotaGroup } from "../../../contracts/public/index.ts";
import { api } from "../../app/api.ts";
import { groupsQuery, keys } from "../../app/queries.ts";
import { ask } from "../../components/confirm.tsx";
import { DataTable } from "../../components/DataTable.tsx";
import { PageHeader } from "../../components/PageHeader.tsx";
import { QueryGate } from "../../components/QueryGate.tsx";
import { useAction } from "../../components/useAction.ts";
import { formatMiB, trim } from "../../format/amounts.ts";
import { GroupModal } from "./GroupModal.tsx";

export function GroupsPage() {
  const query = useQuery(groupsQuery);
  const [editing, setEditing] = useState<QuotaGroup | "new" | null>(null);
  const remove = useAction({
    run: (name: string) => api.deleteGroup({ params: { name } }),
    failed: "The group is still there",
    done: "The group is deleted",
    refresh: [keys.groups],
  });
  const askRemove = (g: QuotaGroup) =>
    ask({
      title: `Delete group ${g.name}?`,
      body: g.members > 0 ? "It still has members: move them to another group first." : "Nobody is in it.",
      confirm: "Delete it",
      onConfirm: () => remove.mutate(g.name),
    });
  return (
    <>
      <PageHeader
        title="Groups and quotas"
        sub="What each member of a group may use, all clusters together."
        actions={
          <Button size="md" leftSection={<IconPlus size={18} aria-hidden />} onClick={() => setEditing("new")}>
            New group
          </Button>
        }
      />
      <QueryGate query={query}>
        {(groups) => (
          <DataTable
            label="Groups"
            rows={groups}
            rowKey={(g) => g.name}
            wide
            columns={[
              { head: "Group", cell: (g) => <strong>{g.name}</strong> },
              { head: "Members", align: "right", cell: (g) => g.members },
              { head: "Cores", align: "right", cell: (g) => trim(g.quota.cpu, 2) },
              { head: "Memory", align: "right", cell: (g) => formatMiB(g.quota.memory) },
              { head: "Disk", align: "right", cell: (g) => formatMiB(g.quota.disk) },
              { head: "Nodes", align: "right", cell: (g) => g.quota.nodes },
              { head: "Clusters", align: "right", cell: (g) => g.quota.vclusters },
              { head: "Data folder", align: "right", cell: (g) => formatMiB(g.quota.home) },
              {
                head: "Actions",
                actions: true,
                cell: (g) => (
                  <Group gap="xs" wrap="nowrap" justify="flex-end">
                    <Button variant="default" size="compact-sm" onClick={() => setEditing(g)}>
                      Edit<span className="dk-sr"> {g.name}</span>
                    </Button>
                    <Button variant="default" size="compact-sm" disabled={g.members > 0} onClick={() => askRemove(g)}>
                      Delete<span className="dk-sr"> {g.name}</span>
                    </Button>
                  </Group>
                ),
              },
            ]}
          />
        )}
      </QueryGate>
      {editing && <GroupModal group={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
    </>
  );
}
