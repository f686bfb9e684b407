import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconDots, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { User } from "../../../contracts/public/index.ts";
import { usersQuery } from "../../app/queries.ts";
import { DataTable } from "../../components/DataTable.tsx";
import { PageHeader } from "../../components/PageHeader.tsx";
import { QueryGate } from "../../components/QueryGate.tsx";
import { SecretOnce } from "../../components/SecretOnce.tsx";
import { TimeAgo } from "../../components/TimeAgo.tsx";
import { formatCores, formatMiB, plural } from "../../format/amounts.ts";
import { DeleteUserModal } from "./DeleteUserModal.tsx";
import { UserModal } from "./UserModal.tsx";
import { useUserActions } from "./useUserActions.ts";

export function UsersPage() {
  const query = useQuery(usersQuery);
  const [editing, setEditing] = useState<User | "new" | null>(null);
  const [deleting, setDeleting] = useState<User | null>(null);
  const [secret, setSecret] = useState<{ user: User; password: string | null } | null>(null);
  const actions = useUserActions(setSecret);
  return (
    <>
      <PageHeader
        title="Users"
        sub={query.data && plural(query.data.length, "user")}
        actions={
          <Button size="md" leftSection={<IconPlus size={18} aria-hidden />} onClick={() => setEditing("new")}>
            New user
          </Button>
        }
      />
      <QueryGate query={query}>
        {(users) => (
          <DataTable
            label="Users"
            rows={users}
            rowKey={(u) => u.name}
            columns={[
              {
                head: "User",
                cell: (u) => (
                  <span>
                    <strong>{u.name}</strong>
                    {u.disabled && (
                      <span className="dk-tag" data-tone="bad">
                        disabled
                      </span>
                    )}
                    {u.mustChangePassword && <span className="dk-tag">first password</span>}
                    {u.fullName && <span className="dk-dim dk-small dk-block">{u.fullName}</span>}
                  </span>
                ),
              },
              { head: "Role", cell: (u) => u.role },
              { head: "Group", cell: (u) => u.group },
              {
                head: "Uses",
                cell: (u) =>
                  u.used.vclusters === 0 ? (
                    <span className="dk-dim">nothing</span>
                  ) : (
                    <span className="dk-small">
                      {plural(u.used.vclusters, "cluster")}, {plural(u.used.nodes, "node")}
                      <span className="dk-dim dk-block">
                        {formatCores(u.used.cpu)}, {formatMiB(u.used.memory)}, {formatMiB(u.used.disk)}
                      </span>
                    </span>
                  ),
              },
              { head: "Last login", cell: (u) => <TimeAgo at={u.lastLoginAt} /> },
              {
                head: "Actions",
                actions: true,
                cell: (u) => (
                  <Menu position="bottom-end" shadow="md">
                    <Menu.Target>
                      <ActionIcon variant="default" size="lg" aria-label={`What to do with ${u.name}`}>
                        <IconDots size={18} aria-hidden />
                      </ActionIcon>
                    </Menu.Target>
                    <Menu.Dropdown>
                      <Menu.Item onClick={() => setEditing(u)}>Edit…</Menu.Item>
                      <Menu.Item onClick={() => actions.askReset(u)}>New password…</Menu.Item>
                      <Menu.Item onClick={() => actions.toggle(u)}>{u.disabled ? "Enable" : "Disable…"}</Menu.Item>
                      <Menu.Divider />
                      <Menu.Item color="var(--mantine-color-error)" onClick={() => setDeleting(u)}>
                        Delete…
                      </Menu.Item>
                    </Menu.Dropdown>
                  </Menu>
                ),
              },
            ]}
          />
        )}
      </QueryGate>
      {editing && (
        <UserModal user={editing === "new" ? null : editing} onClose={() => setEditing(null)} onCreated={setSecret} />
      )}
      {deleting && <DeleteUserModal user={deleting} onClose={() => setDeleting(null)} />}
      {secret?.password && (
        <SecretOnce
          title={`Password of ${secret.user.name}`}
          explain={`Hand it to ${secret.user.fullName || secret.user.name}. At the first login another one has to be chosen.`}
          secret={secret.password}
          onClose={() => setSecret(null)}
        />
      )}
    </>
  );
}
