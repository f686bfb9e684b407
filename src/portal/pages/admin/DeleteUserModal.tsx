import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { User } from "../../../contracts/public/index.ts";
import { api } from "../../app/api.ts";
import { keys } from "../../app/queries.ts";
import { TroubleAlert } from "../../components/TroubleAlert.tsx";
import { useAction } from "../../components/useAction.ts";

export function DeleteUserModal({ user, onClose }: { user: User; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const remove = useAction({
    run: () => api.deleteUser({ params: { name: user.name }, query: { confirm: typed } }),
    failed: `${user.name} was not deleted`,
    done: `${user.name} is deleted`,
    refresh: [keys.users, keys.groups],
    quiet: true,
    onDone: onClose,
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (typed === user.name) remove.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={`Delete ${user.name}?`}>
      <form onSubmit={submit}>
        <Stack>
          <p className="dk-flush">
            The account goes, and with it the data folder <code>~/nfs</code> with every file in it. This cannot be
            undone. Clusters must be deleted first. To only lock somebody out, disable the account instead.
          </p>
          <TextInput
            label={
              <>
                Type <strong>{user.name}</strong> to confirm
              </>
            }
            value={typed}
            onChange={(e) => setTyped(e.currentTarget.value)}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            data-autofocus
          />
          {remove.error ? <TroubleAlert title={`${user.name} was not deleted`} error={remove.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep
            </Button>
            <Button type="submit" color="red" disabled={typed !== user.name} loading={remove.isPending}>
              Delete for ever
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
