import { Button, Group, Modal, Select, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type Role, type User, UserName } from "../../../contracts/public/index.ts";
import { api } from "../../app/api.ts";
import { groupsQuery, keys } from "../../app/queries.ts";
import { TroubleAlert } from "../../components/TroubleAlert.tsx";
import { useAction } from "../../components/useAction.ts";

interface Props {
  /** null: a new one. */
  user: User | null;
  onClose: () => void;
  onCreated: (made: { user: User; password: string | null }) => void;
}

export function UserModal({ user, onClose, onCreated }: Props) {
  const groups = useQuery(groupsQuery);
  const [name, setName] = useState(user?.name ?? "");
  const [fullName, setFullName] = useState(user?.fullName ?? "");
  const [role, setRole] = useState<Role>(user?.role ?? "user");
  const [group, setGroup] = useState(user?.group ?? null);
  const chosenGroup = group ?? groups.data?.[0]?.name ?? null;

  const parsed = UserName.safeParse(name);
  const nameError = user || name === "" || parsed.success ? null : parsed.error.issues[0]?.message;
  const save = useAction({
    run: async () => {
      const common = { fullName: fullName.trim(), role, ...(chosenGroup ? { group: chosenGroup } : {}) };
      if (!user) return api.createUser({ body: { name, ...common } });
      await api.patchUser({ params: { name: user.name }, body: common });
      return null;
    },
    failed: "The user was not saved",
    refresh: [keys.users, keys.groups],
    quiet: true,
    onDone: (made) => {
      onClose();
      if (made) onCreated(made);
    },
  });
  const wrong = !user && !parsed.success;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!wrong) save.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={user ? `Edit ${user.name}` : "New user"}>
      <form onSubmit={submit} noValidate>
        <Stack>
          {!user && (
            <TextInput
              label="User name"
              description="Lower-case letters, digits and hyphens. It cannot be changed later."
              value={name}
              error={nameError}
              onChange={(e) => setName(e.currentTarget.value.trim())}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              data-autofocus
            />
          )}
          <TextInput
            label="Full name"
            maxLength={120}
            value={fullName}
            onChange={(e) => setFullName(e.currentTarget.value)}
            autoComplete="off"
          />
          <Select
            label="Role"
            description="Admins see and change everything."
            data={[
              { value: "user", label: "user" },
              { value: "admin", label: "admin" },
            ]}
            value={role}
            onChange={(v) => v && setRole(v as Role)}
          />
          <Select
            label="Group"
            description="Its quota is what this person may use."
            data={groups.data?.map((g) => g.name) ?? (chosenGroup ? [chosenGroup] : [])}
            value={chosenGroup}
            onChange={setGroup}
          />
          {!user && <p className="dk-flush dk-dim">A password is made and shown to you once.</p>}
          {save.error ? <TroubleAlert title="The user was not saved" error={save.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Close
            </Button>
            <Button type="submit" disabled={wrong} loading={save.isPending}>
              {user ? "Save" : "Make the user"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
