import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import type { Vcluster } from "../../contracts/public/index.ts";
import { api } from "../app/api.ts";
import { keys } from "../app/queries.ts";
import { TroubleAlert } from "../components/TroubleAlert.tsx";
import { useAction } from "../components/useAction.ts";
import { formatMiB, plural } from "../format/amounts.ts";
import { putOperation } from "../live/reducer.ts";
import { totals } from "./summary.ts";
import { useAsOwner } from "./useVclusterActions.ts";

/** Only the name, typed by hand, opens the button. */
export function DeleteModal({ vc, onClose }: { vc: Vcluster; onClose: () => void }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const owner = useAsOwner(vc.owner);
  const [typed, setTyped] = useState("");
  const matches = typed === vc.name;
  const remove = useAction({
    run: () => api.deleteVcluster({ params: { name: vc.name }, query: { owner } }),
    failed: `${vc.name} was not deleted`,
    refresh: [keys.me],
    quiet: true,
    onDone: (op) => {
      putOperation(cache, op);
      onClose();
      void navigate({ to: owner === undefined ? "/" : "/admin/clusters" });
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (matches) remove.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={`Delete ${vc.name}?`}>
      <form onSubmit={submit}>
        <Stack>
          <p className="dk-flush">
            The {vc.nodes.length === 1 ? "disk" : "disks"} of {plural(vc.nodes.length, "node")} (
            {formatMiB(totals(vc).disk)}) will be erased. This cannot be undone. Your data folder <code>~/nfs</code>{" "}
            stays.
          </p>
          <TextInput
            label={
              <>
                Type <strong>{vc.name}</strong> to confirm
              </>
            }
            value={typed}
            onChange={(e) => setTyped(e.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            autoCapitalize="none"
            data-autofocus
          />
          {remove.error ? <TroubleAlert title={`${vc.name} was not deleted`} error={remove.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep it
            </Button>
            <Button type="submit" color="red" disabled={!matches} loading={remove.isPending}>
              Delete for ever
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
