import { Button, Group, Modal, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "../app/api.ts";
import { configQuery, hostsQuery, keys } from "../app/queries.ts";
import { TroubleAlert } from "../components/TroubleAlert.tsx";
import { useAction } from "../components/useAction.ts";
import { JoinSteps } from "./JoinSteps.tsx";
import { checkAddress, likelyAddress, sharedSettings } from "./joinLines.ts";

const HOUR_S = 3600;
const LIVES = [
  { value: String(HOUR_S), label: "an hour" },
  { value: String(24 * HOUR_S), label: "a day" },
  { value: String(7 * 24 * HOUR_S), label: "a week" },
];

/** Makes a join token, shows once what to run on the new machine, and waits for it to appear. */
export function AddHostModal({ onClose }: { onClose: () => void }) {
  const config = useQuery(configQuery);
  const hosts = useQuery(hostsQuery);
  const setting = (key: string) => config.data?.find((c) => c.key === key)?.value;
  const [typed, setTyped] = useState<string | null>(null);
  const [uses, setUses] = useState<number | string>(1);
  const [life, setLife] = useState(String(24 * HOUR_S));
  const address = typed ?? likelyAddress(location.hostname, setting("MASTER_IP"), hosts.data ?? []);
  const addressError = checkAddress(address);
  const usesError = Number.isInteger(uses) && Number(uses) >= 1 && Number(uses) <= 1000 ? null : "1 to 1000 machines.";

  const create = useAction({
    run: () => api.createJoinToken({ body: { role: "worker", uses: Number(uses), ttlSeconds: Number(life) } }),
    failed: "No token was made",
    refresh: [keys.joinTokens],
    quiet: true,
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!addressError && !usesError) create.mutate();
  };
  const made = create.data;
  return (
    <Modal
      opened
      onClose={onClose}
      title="Add a host"
      size="lg"
      // The token is shown this once: a stray click beside the dialog must not lose it.
      closeOnClickOutside={!made}
      closeOnEscape={!made}
    >
      {made ? (
        <JoinSteps made={made} master={address} settings={sharedSettings(config.data ?? [])} onClose={onClose} />
      ) : (
        <form onSubmit={submit} noValidate>
          <Stack>
            <p className="dk-flush">
              Another machine gives its cores, memory and disk to this docklet. It needs Debian 12 or 13, or Ubuntu
              22.04 or 24.04, and root. A <strong>join token</strong> lets it in; after that it keeps a certificate of
              its own.
            </p>
            <TextInput
              label="Address of this docklet"
              description="As the new machine reaches it. It connects to TCP port 9000 here, unless MASTER_PORT says otherwise."
              value={address}
              error={typed === null ? null : addressError}
              onChange={(e) => setTyped(e.currentTarget.value.trim())}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
            />
            <Group grow align="flex-start">
              <NumberInput
                label="Machines that may join with it"
                min={1}
                max={1000}
                allowDecimal={false}
                clampBehavior="none"
                value={uses}
                error={usesError}
                onChange={setUses}
              />
              <Select label="Good for" data={LIVES} value={life} onChange={(v) => v && setLife(v)} />
            </Group>
            {create.error ? <TroubleAlert title="No token was made" error={create.error} /> : null}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Close
              </Button>
              <Button type="submit" disabled={addressError !== null || usesError !== null} loading={create.isPending}>
                Make a join token
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
