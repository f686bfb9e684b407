import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { JoinToken } from "../../contracts/public/index.ts";
import { api } from "../app/api.ts";
import { joinTokensQuery, keys } from "../app/queries.ts";
import { ask } from "../components/confirm.tsx";
import { type Column, DataTable } from "../components/DataTable.tsx";
import { QueryGate } from "../components/QueryGate.tsx";
import { TimeAgo } from "../components/TimeAgo.tsx";
import { useAction } from "../components/useAction.ts";

const TONES: Record<JoinToken["state"], string> = { valid: "good", used: "rest", expired: "rest", revoked: "rest" };

const COLUMNS: Column<JoinToken>[] = [
  { head: "Token", cell: (t) => <code>{t.id}</code> },
  {
    head: "State",
    cell: (t) => (
      <span className="dk-state" data-tone={TONES[t.state]}>
        {t.state}
      </span>
    ),
  },
  {
    head: "Joined with it",
    cell: (t) => (
      <span>
        {t.hosts.length} of {t.uses}
        {t.hosts.length > 0 && <span className="dk-dim dk-small dk-block">{t.hosts.join(", ")}</span>}
      </span>
    ),
  },
  {
    head: "Made",
    cell: (t) => (
      <span>
        <TimeAgo at={t.createdAt} /> by {t.createdBy}
      </span>
    ),
  },
  { head: "Good until", cell: (t) => <TimeAgo at={t.expiresAt} /> },
  { head: "Actions", actions: true, cell: (t) => (t.state === "valid" ? <Revoke token={t} /> : null) },
];

/** Tokens with which hosts join, or have joined. Nothing where none was ever made. */
export function JoinTokens() {
  const query = useQuery(joinTokensQuery);
  if (query.data?.length === 0) return null;
  return (
    <section aria-labelledby="join-tokens-title" className="dk-load">
      <div className="dk-section-head">
        <h2 id="join-tokens-title">Join tokens</h2>
      </div>
      <QueryGate query={query} rows={1}>
        {(tokens) => (
          <DataTable label="Join tokens" rows={tokens} rowKey={(t) => t.id} columns={COLUMNS} perPage={10} />
        )}
      </QueryGate>
    </section>
  );
}

function Revoke({ token }: { token: JoinToken }) {
  const revoke = useAction({
    run: () => api.revokeJoinToken({ params: { id: token.id } }),
    failed: "The token was not revoked",
    done: "The token is revoked",
    refresh: [keys.joinTokens],
  });
  const askRevoke = () =>
    ask({
      title: `Revoke the join token ${token.id}?`,
      body: "No machine can join with it any more. Hosts that have joined with it stay.",
      confirm: "Revoke it",
      onConfirm: () => revoke.mutate(),
    });
  return (
    <Button variant="default" size="compact-sm" loading={revoke.isPending} onClick={askRevoke}>
      Revoke<span className="dk-sr"> {token.id}</span>
    </Button>
  );
}
