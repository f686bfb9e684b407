import { Button, Checkbox, Group, NumberInput, Stack, TextInput } from "@mantine/core";
import { IconTicket } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Scope } from "../../../contracts/public/index.ts";
import { api } from "../../app/api.ts";
import { keys, tokensQuery } from "../../app/queries.ts";
import { useMe } from "../../app/useMe.ts";
import { ask } from "../../components/confirm.tsx";
import { DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Empty.tsx";
import { QueryGate } from "../../components/QueryGate.tsx";
import { SecretOnce } from "../../components/SecretOnce.tsx";
import { TimeAgo } from "../../components/TimeAgo.tsx";
import { useAction } from "../../components/useAction.ts";

export function TokensTab() {
  const query = useQuery(tokensQuery);
  const revoke = useAction({
    run: (id: string) => api.revokeToken({ params: { id } }),
    failed: "The token was not revoked",
    done: "The token is revoked",
    refresh: [keys.tokens],
  });
  const askRevoke = (id: string, name: string) =>
    ask({
      title: `Revoke ${name}?`,
      body: "Programs that use it stop working at once.",
      confirm: "Revoke it",
      onConfirm: () => revoke.mutate(id),
    });
  return (
    <section className="dk-panel" aria-labelledby="tokens-title">
      <h2 id="tokens-title">API tokens</h2>
      <p className="dk-dim">
        For the <code>docklet</code> command and your own programs. The API is described at{" "}
        <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.
      </p>
      <NewToken />
      <QueryGate query={query}>
        {(tokens) =>
          tokens.length === 0 ? (
            <Empty icon={<IconTicket size={40} stroke={1.4} />} title="No tokens yet">
              Make one above to use docklet without a browser.
            </Empty>
          ) : (
            <DataTable
              label="My API tokens"
              rows={tokens}
              rowKey={(t) => t.id}
              columns={[
                { head: "Name", cell: (t) => <strong>{t.name}</strong> },
                { head: "May", cell: (t) => t.scopes.join(", ") },
                { head: "Made", cell: (t) => <TimeAgo at={t.createdAt} /> },
                { head: "Last used", cell: (t) => <TimeAgo at={t.lastUsedAt} /> },
                { head: "Expires", cell: (t) => <TimeAgo at={t.expiresAt} /> },
                {
                  head: "Actions",
                  actions: true,
                  cell: (t) => (
                    <Button variant="default" size="compact-sm" onClick={() => askRevoke(t.id, t.name)}>
                      Revoke<span className="dk-sr"> {t.name}</span>
                    </Button>
                  ),
                },
              ]}
            />
          )
        }
      </QueryGate>
    </section>
  );
}

function NewToken() {
  const me = useMe();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(["read", "write"]);
  const [days, setDays] = useState<number | string>(90);
  const create = useAction({
    run: () => api.createToken({ body: { name: name.trim(), scopes: scopes as Scope[], days: Number(days) } }),
    failed: "No token was made",
    refresh: [keys.tokens],
    onDone: () => setName(""),
  });
  const daysError = Number.isInteger(days) && Number(days) >= 1 && Number(days) <= 3650 ? null : "1 to 3650 days.";
  const wrong = name.trim() === "" || scopes.length === 0 || daysError !== null;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!wrong) create.mutate();
  };
  return (
    <form onSubmit={submit} className="dk-well">
      <Stack gap="sm">
        <Group align="flex-end" gap="md">
          <TextInput
            label="Name of a new token"
            placeholder="for example, backup script"
            maxLength={60}
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
            className="dk-grow"
          />
          <NumberInput
            label="Days until it expires"
            min={1}
            max={3650}
            allowDecimal={false}
            clampBehavior="none"
            value={days}
            onChange={setDays}
            error={daysError}
            w={170}
          />
        </Group>
        <Checkbox.Group
          label="It may"
          value={scopes}
          onChange={setScopes}
          error={scopes.length === 0 ? "Choose at least one." : null}
        >
          <Group mt={6}>
            <Checkbox value="read" label="read" />
            <Checkbox value="write" label="write" />
            {me.user.role === "admin" && <Checkbox value="admin" label="administer" />}
          </Group>
        </Checkbox.Group>
        <div>
          <Button type="submit" disabled={wrong} loading={create.isPending}>
            Make a token
          </Button>
        </div>
      </Stack>
      {create.data && (
        <SecretOnce
          title={`Token ${create.data.token.name}`}
          explain="Copy it now to where it is needed. Whoever has it can act as you."
          secret={create.data.secret}
          onClose={() => create.reset()}
        />
      )}
    </form>
  );
}
