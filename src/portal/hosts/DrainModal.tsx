import { Button, Group, Modal, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Host } from "../../contracts/public/index.ts";
import { hostNodesQuery } from "../app/queries.ts";
import { Loading } from "../components/QueryGate.tsx";
import { TroubleAlert } from "../components/TroubleAlert.tsx";
import { placedSummary } from "./placed.ts";
import { TargetSelect } from "./TargetSelect.tsx";
import { useDrainHost } from "./useHostActions.ts";

/** Says what a drain will do, to whom, and for how long, before it begins. */
export function DrainModal({ host, onClose }: { host: Host; onClose: () => void }) {
  const query = useQuery(hostNodesQuery(host.name));
  const [to, setTo] = useState<string | null>(null);
  const drain = useDrainHost(host, onClose);
  const sum = query.data && placedSummary(query.data);
  return (
    <Modal opened onClose={onClose} title={`Drain ${host.name}?`} size="lg">
      <Stack>
        {sum === undefined ? (
          <Loading rows={2} />
        ) : (
          <ul className="dk-points">
            <li>Nothing new is placed on {host.name} from now on, until it is uncordoned.</li>
            {sum.nodes === 0 ? (
              <li>No nodes are placed on it.</li>
            ) : (
              <>
                <li>
                  <strong>{sum.text}</strong> move to other hosts with everything on their disks; addresses and names
                  stay.
                </li>
                {sum.running > 0 && (
                  <li>
                    <strong>
                      The {sum.running === 1 ? "one" : sum.running} that {sum.running === 1 ? "runs stops" : "run stop"}{" "}
                      for some seconds each
                    </strong>
                    , and longer the more is being written at that moment: disks are copied while nodes run, then each
                    restarts with the last changes. Their programs end, as at a restart.
                  </li>
                )}
                <li>It can be cancelled at any time. What has moved stays there; what has not stays here.</li>
                <li>A node that finds no room stays where it is, and the operation says so.</li>
              </>
            )}
          </ul>
        )}
        <TargetSelect not={[host.name]} value={to} onChange={setTo} />
        {drain.error ? <TroubleAlert title={`${host.name} is not being drained`} error={drain.error} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Keep as it is
          </Button>
          <Button disabled={sum === undefined} loading={drain.isPending} onClick={() => drain.mutate(to ?? undefined)}>
            Drain it
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
