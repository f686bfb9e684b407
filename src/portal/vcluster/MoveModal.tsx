import { Button, Checkbox, Group, Modal, Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Vcluster } from "../../contracts/public/index.ts";
import { api } from "../app/api.ts";
import { TroubleAlert } from "../components/TroubleAlert.tsx";
import { useAction } from "../components/useAction.ts";
import { formatMiB, plural } from "../format/amounts.ts";
import { TargetSelect } from "../hosts/TargetSelect.tsx";
import { putOperation } from "../live/reducer.ts";
import { useAsOwner } from "./useVclusterActions.ts";

/** For admins: nodes of a cluster to another host. */
export function MoveModal({ vc, onClose }: { vc: Vcluster; onClose: () => void }) {
  const cache = useQueryClient();
  const owner = useAsOwner(vc.owner);
  const [chosen, setChosen] = useState(vc.nodes.map((n) => n.name));
  const [to, setTo] = useState<string | null>(null);
  const nodes = vc.nodes.filter((n) => chosen.includes(n.name));
  const moving = nodes.filter((n) => n.host !== to);
  const disk = moving.reduce((sum, n) => sum + n.size.disk, 0);
  const running = moving.filter((n) => n.state !== "stopped" && n.state !== "failed").length;
  const all = nodes.length === vc.nodes.length;
  const wrong =
    nodes.length === 0 ? "Choose at least one node." : moving.length === 0 ? `All of them are on ${to} already.` : null;
  const move = useAction({
    run: () =>
      api.moveVcluster({
        params: { name: vc.name },
        query: { owner },
        body: { ...(all ? {} : { nodes: nodes.map((n) => n.name) }), ...(to ? { to } : {}) },
      }),
    failed: `${vc.name} is not being moved`,
    quiet: true,
    onDone: (op) => {
      putOperation(cache, op);
      onClose();
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!wrong) move.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={`Move ${vc.name}`} size="lg">
      <form onSubmit={submit} noValidate>
        <Stack>
          {vc.nodes.length > 1 && (
            <Checkbox.Group label="Nodes" value={chosen} onChange={setChosen}>
              <div className="dk-choices">
                {vc.nodes.map((n) => (
                  <Checkbox
                    key={n.id}
                    value={n.name}
                    label={n.name}
                    description={n.host ? `on ${n.host}` : "nowhere yet"}
                  />
                ))}
              </div>
            </Checkbox.Group>
          )}
          <TargetSelect
            not={vc.nodes.length === 1 ? vc.nodes.flatMap((n) => n.host ?? []) : []}
            value={to}
            onChange={setTo}
          />
          <ul className="dk-points">
            <li>
              {plural(moving.length, "node")} with up to {formatMiB(disk)} of disk. Names and addresses stay.
            </li>
            {running > 0 && (
              <li>
                Running ones stop for some seconds each: disks are copied while they run, then each restarts with the
                last changes. Their programs end, as at a restart.
              </li>
            )}
            <li>It can be cancelled at any time; the old copy is kept until the new one is ready.</li>
          </ul>
          {move.error ? <TroubleAlert title={`${vc.name} is not being moved`} error={move.error} /> : null}
          {wrong && <p className="dk-label-error">{wrong}</p>}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep as it is
            </Button>
            <Button type="submit" disabled={wrong !== null} loading={move.isPending}>
              Move {plural(Math.max(1, moving.length), "node")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
