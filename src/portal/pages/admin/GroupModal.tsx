import { Button, Group, Modal, NumberInput, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Name, Quota, type Group as QuotaGroup } from "../../../contracts/public/index.ts";
import { api } from "../../app/api.ts";
import { groupsQuery, keys } from "../../app/queries.ts";
import { TroubleAlert } from "../../components/TroubleAlert.tsx";
import { useAction } from "../../components/useAction.ts";

const GIB = 1024;
const START: Quota = { cpu: 8, memory: 16 * GIB, disk: 100 * GIB, nodes: 8, vclusters: 4, home: 20 * GIB };

interface Field {
  key: keyof Quota;
  label: string;
  /** Shown in GiB, counted in MiB. */
  gib?: boolean;
}
const FIELDS: Field[] = [
  { key: "cpu", label: "Cores" },
  { key: "memory", label: "Memory", gib: true },
  { key: "disk", label: "Disk of nodes", gib: true },
  { key: "home", label: "Data folder ~/nfs", gib: true },
  { key: "nodes", label: "Nodes" },
  { key: "vclusters", label: "Clusters" },
];

export function GroupModal({ group, onClose }: { group: QuotaGroup | null; onClose: () => void }) {
  const [name, setName] = useState(group?.name ?? "");
  const [quota, setQuota] = useState<Quota>(group?.quota ?? START);
  const save = useAction({
    run: () =>
      group
        ? api.patchGroup({ params: { name: group.name }, body: { quota } })
        : api.createGroup({ body: { name, quota } }),
    failed: "The group was not saved",
    refresh: [groupsQuery.queryKey, keys.me],
    quiet: true,
    onDone: onClose,
  });
  const nameOk = group !== null || Name.safeParse(name).success;
  const parsed = Quota.safeParse(quota);
  const bad = new Set(parsed.success ? [] : parsed.error.issues.map((i) => i.path[0]));
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (nameOk && parsed.success) save.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={group ? `Quota of ${group.name}` : "New group"} size="lg">
      <form onSubmit={submit} noValidate>
        <Stack>
          {!group && (
            <TextInput
              label="Name"
              value={name}
              error={name !== "" && !nameOk ? "Use lower-case letters, digits and hyphens; start with a letter." : null}
              onChange={(e) => setName(e.currentTarget.value.trim())}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
            />
          )}
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
            {FIELDS.map(({ key, label, gib }) => (
              <NumberInput
                key={key}
                label={label}
                suffix={gib ? " GiB" : ""}
                min={0}
                decimalScale={key === "nodes" || key === "vclusters" ? 0 : 2}
                clampBehavior="none"
                value={gib ? quota[key] / GIB : quota[key]}
                error={bad.has(key) ? "Not a size that works." : null}
                onChange={(v) => setQuota((q) => ({ ...q, [key]: gib ? Math.round(Number(v) * GIB) : Number(v) }))}
              />
            ))}
          </SimpleGrid>
          {group && (
            <p className="dk-flush dk-dim">Who already uses more keeps it, but can start nothing new until it fits.</p>
          )}
          {save.error ? <TroubleAlert title="The group was not saved" error={save.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Close
            </Button>
            <Button type="submit" disabled={!nameOk || !parsed.success} loading={save.isPending}>
              {group ? "Save" : "Make the group"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
