import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Host } from "../../contracts/public/index.ts";
import { hostNodesQuery } from "../app/queries.ts";
import { Loading } from "../components/QueryGate.tsx";
import { TroubleAlert } from "../components/TroubleAlert.tsx";
import { plural } from "../format/amounts.ts";
import { placedSummary } from "./placed.ts";
import { useRemoveHost } from "./useHostActions.ts";

interface Props {
  host: Host;
  onClose: () => void;
  onRemoved?: (() => void) | undefined;
}

/** Only the name, typed by hand, opens the button; what is lost stands above it. */
export function RemoveHostModal({ host, onClose, onRemoved }: Props) {
  const query = useQuery(hostNodesQuery(host.name));
  const [typed, setTyped] = useState("");
  const remove = useRemoveHost(host, () => {
    onClose();
    onRemoved?.();
  });
  const sum = query.data && placedSummary(query.data);
  const ready = typed === host.name && sum !== undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ready) remove.mutate(sum.nodes > 0);
  };
  return (
    <Modal opened onClose={onClose} title={`Remove ${host.name}?`} size="lg">
      <form onSubmit={submit}>
        <Stack>
          {sum === undefined ? (
            <Loading rows={2} />
          ) : (
            <ul className="dk-points">
              {sum.nodes > 0 && (
                <li>
                  <strong>Lost: {sum.text}</strong>, with everything on them.
                  {host.homes === "local" && (
                    <>
                      {" "}
                      So are data folders (<code>~/nfs</code>) that lie on this host.
                    </>
                  )}{" "}
                  {host.state === "unreachable"
                    ? "Remove it only if the machine is off and will not come back. Nodes of clusters that wish it are made anew on other hosts then, from their image."
                    : "To keep them, drain it first."}
                </li>
              )}
              {sum.nodes === 0 && (
                <li>
                  No nodes are placed on it.
                  {host.homes === "local" && (
                    <>
                      {" "}
                      Data folders (<code>~/nfs</code>) that lie on it are out of reach afterwards.
                    </>
                  )}
                </li>
              )}
              <li>Its certificate is worth nothing from then on. It can only come back with a new join token.</li>
              <li>docklet deletes nothing on the machine itself.</li>
            </ul>
          )}
          <TextInput
            label={
              <>
                Type <strong>{host.name}</strong> to confirm
              </>
            }
            value={typed}
            onChange={(e) => setTyped(e.currentTarget.value)}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            data-autofocus
          />
          {remove.error ? <TroubleAlert title={`${host.name} was not removed`} error={remove.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep it
            </Button>
            <Button type="submit" color="red" disabled={!ready} loading={remove.isPending}>
              {sum && sum.nodes > 0 ? `Remove it and lose ${plural(sum.nodes, "node")}` : "Remove it"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
