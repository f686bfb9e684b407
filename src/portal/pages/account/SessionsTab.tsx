import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "../../app/api.ts";
import { keys, sessionsQuery } from "../../app/queries.ts";
import { ask } from "../../components/confirm.tsx";
import { DataTable } from "../../components/DataTable.tsx";
import { QueryGate } from "../../components/QueryGate.tsx";
import { TimeAgo } from "../../components/TimeAgo.tsx";
import { useAction } from "../../components/useAction.ts";
import { agentName } from "../../format/agent.ts";

export function SessionsTab() {
  const query = useQuery(sessionsQuery);
  const revoke = useAction({
    run: (id: string) => api.revokeSession({ params: { id } }),
    failed: "The session was not ended",
    done: "The session is ended",
    refresh: [keys.sessions],
  });
  const others = useAction({
    run: () => api.revokeOtherSessions(),
    failed: "The other sessions were not ended",
    done: "All other sessions are ended",
    refresh: [keys.sessions],
  });
  const askOthers = () =>
    ask({
      title: "End all other sessions?",
      body: "Whoever is logged in as you elsewhere has to log in again. Here you stay logged in.",
      confirm: "End them",
      onConfirm: () => others.mutate(),
    });
  return (
    <section className="dk-panel" aria-labelledby="sessions-title">
      <div className="dk-section-head">
        <div>
          <h2 id="sessions-title">Where I am logged in</h2>
          <p className="dk-dim dk-flush">If you do not know one of these, end it and change your password.</p>
        </div>
        <Button
          variant="default"
          disabled={(query.data?.length ?? 0) < 2}
          loading={others.isPending}
          onClick={askOthers}
        >
          End all others
        </Button>
      </div>
      <QueryGate query={query}>
        {(sessions) => (
          <DataTable
            label="My sessions"
            rows={sessions}
            rowKey={(s) => s.id}
            columns={[
              {
                head: "Browser",
                cell: (s) => (
                  <span>
                    <strong>{agentName(s.agent)}</strong>
                    {s.current && <span className="dk-tag">this one</span>}
                  </span>
                ),
              },
              { head: "Address", cell: (s) => <code>{s.address}</code> },
              { head: "Logged in", cell: (s) => <TimeAgo at={s.createdAt} /> },
              { head: "Last seen", cell: (s) => <TimeAgo at={s.lastSeenAt} /> },
              { head: "Ends", cell: (s) => <TimeAgo at={s.expiresAt} /> },
              {
                head: "Actions",
                actions: true,
                cell: (s) =>
                  s.current ? null : (
                    <Button
                      variant="default"
                      size="compact-sm"
                      loading={revoke.isPending && revoke.variables === s.id}
                      onClick={() => revoke.mutate(s.id)}
                    >
                      End<span className="dk-sr"> the session in {agentName(s.agent)}</span>
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </QueryGate>
    </section>
  );
}
