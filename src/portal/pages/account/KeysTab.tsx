import { Button, Stack, Textarea, TextInput } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "../../app/api.ts";
import { keys, keysQuery } from "../../app/queries.ts";
import { ask } from "../../components/confirm.tsx";
import { DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Empty.tsx";
import { QueryGate } from "../../components/QueryGate.tsx";
import { TimeAgo } from "../../components/TimeAgo.tsx";
import { TroubleAlert } from "../../components/TroubleAlert.tsx";
import { useAction } from "../../components/useAction.ts";
import { checkPublicKey } from "../../format/publicKey.ts";

export function KeysTab() {
  const query = useQuery(keysQuery);
  const remove = useAction({
    run: (id: string) => api.removeKey({ params: { id } }),
    failed: "The key is still there",
    done: "The key is removed",
    refresh: [keys.keys],
  });
  const askRemove = (id: string, name: string) =>
    ask({
      title: `Remove ${name}?`,
      body: "It no longer opens your nodes. Connections that are open stay open.",
      confirm: "Remove it",
      onConfirm: () => remove.mutate(id),
    });
  return (
    <section className="dk-panel" aria-labelledby="keys-title">
      <h2 id="keys-title">ssh keys</h2>
      <p className="dk-dim">
        Whoever has the private half can log in to all your nodes by ssh. A new key works at once.
      </p>
      <NewKey />
      <QueryGate query={query}>
        {(list) =>
          list.length === 0 ? (
            <Empty icon={<IconKey size={40} stroke={1.4} />} title="No keys yet">
              On your own machine, <code>ssh-keygen -t ed25519</code> makes a pair. Paste the file that ends in{" "}
              <code>.pub</code> above.
            </Empty>
          ) : (
            <DataTable
              label="My ssh keys"
              rows={list}
              rowKey={(k) => k.id}
              columns={[
                { head: "Name", cell: (k) => <strong>{k.name}</strong> },
                { head: "Type", cell: (k) => k.type },
                { head: "Fingerprint", cell: (k) => <code className="dk-break">{k.fingerprint}</code> },
                { head: "Added", cell: (k) => <TimeAgo at={k.createdAt} /> },
                {
                  head: "Actions",
                  actions: true,
                  cell: (k) => (
                    <Button variant="default" size="compact-sm" onClick={() => askRemove(k.id, k.name)}>
                      Remove<span className="dk-sr"> {k.name}</span>
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

function NewKey() {
  const [key, setKey] = useState("");
  const [name, setName] = useState("");
  const add = useAction({
    run: () => api.addKey({ body: { key: key.trim(), ...(name.trim() ? { name: name.trim() } : {}) } }),
    failed: "The key was not added",
    done: "The key is added",
    refresh: [keys.keys],
    quiet: true,
    onDone: () => {
      setKey("");
      setName("");
    },
  });
  const error = checkPublicKey(key);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (key.trim() !== "" && !error) add.mutate();
  };
  return (
    <form onSubmit={submit} className="dk-well">
      <Stack gap="sm">
        <Textarea
          label="Public key"
          placeholder="ssh-ed25519 AAAA… ann@laptop"
          autosize
          minRows={2}
          maxRows={6}
          value={key}
          error={error}
          onChange={(e) => setKey(e.currentTarget.value)}
          spellCheck={false}
          classNames={{ input: "dk-mono" }}
        />
        <TextInput
          label="Name"
          description="Left empty: the comment at the end of the key."
          maxLength={60}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
        />
        {add.error ? <TroubleAlert title="The key was not added" error={add.error} /> : null}
        <div>
          <Button type="submit" disabled={key.trim() === "" || error !== null} loading={add.isPending}>
            Add the key
          </Button>
        </div>
      </Stack>
    </form>
  );
}
