import { Button, Checkbox, Group, Modal, NumberInput, Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { DEFAULT_SIZE, MAX_NODES, type Vcluster } from "../../contracts/public/index.ts";
import { api } from "../app/api.ts";
import { keys } from "../app/queries.ts";
import { useMe } from "../app/useMe.ts";
import { TroubleAlert } from "../components/TroubleAlert.tsx";
import { useAction } from "../components/useAction.ts";
import { plural } from "../format/amounts.ts";
import { putOperation } from "../live/reducer.ts";
import { LeftLine } from "./LeftLine.tsx";
import { checkPlan } from "./plan.ts";
import { SizeFields } from "./SizeFields.tsx";
import { useAsOwner } from "./useVclusterActions.ts";

export function ScaleModal({ vc, onClose }: { vc: Vcluster; onClose: () => void }) {
  const me = useMe();
  const cache = useQueryClient();
  const owner = useAsOwner(vc.owner);
  const have = vc.nodes.length;
  const [nodes, setNodes] = useState<number | string>(have + 1);
  const [size, setSize] = useState(vc.nodes.at(-1)?.size ?? DEFAULT_SIZE);
  const [agreed, setAgreed] = useState(false);

  const want = typeof nodes === "number" && Number.isInteger(nodes) ? nodes : Number.NaN;
  const added = want - have;
  const removed = vc.nodes.slice(want).map((n) => n.name);
  const outOfRange = !(want >= 1 && want <= MAX_NODES);
  // An admin scales another person's cluster by that person's quota, which the server knows.
  const errors = added > 0 && owner === undefined ? checkPlan({ nodes: added, size }, me) : {};
  const wrong = outOfRange || added === 0 || Object.keys(errors).length > 0 || (added < 0 && !agreed);

  const scale = useAction({
    run: () =>
      api.scaleVcluster({
        params: { name: vc.name },
        query: { owner },
        body: { nodes: want, ...(added > 0 ? { size } : {}) },
      }),
    failed: `${vc.name} was not scaled`,
    refresh: [keys.me],
    quiet: true,
    onDone: (op) => {
      putOperation(cache, op);
      onClose();
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!wrong) scale.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={`Scale ${vc.name}`} size="lg">
      <form onSubmit={submit} noValidate>
        <Stack>
          <NumberInput
            label="Nodes"
            description={`It has ${plural(have, "node")} now.`}
            min={1}
            max={MAX_NODES}
            allowDecimal={false}
            clampBehavior="none"
            value={nodes}
            onChange={setNodes}
            error={outOfRange ? `Choose 1 to ${MAX_NODES} nodes.` : errors.nodes}
            data-autofocus
          />
          {added > 0 && (
            <>
              <SizeFields size={size} errors={errors} onChange={setSize} />
              {owner === undefined && <LeftLine me={me} />}
            </>
          )}
          {added < 0 && !outOfRange && (
            <Checkbox
              label={`Delete ${removed.join(", ")} with everything on ${removed.length === 1 ? "its disk" : "their disks"}. ~/nfs stays.`}
              checked={agreed}
              onChange={(e) => setAgreed(e.currentTarget.checked)}
            />
          )}
          {scale.error ? <TroubleAlert title={`${vc.name} was not scaled`} error={scale.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Close
            </Button>
            <Button type="submit" color={added < 0 ? "red" : undefined} disabled={wrong} loading={scale.isPending}>
              {added < 0 ? `Remove ${plural(-added, "node")}` : `Add ${plural(Math.max(1, added || 1), "node")}`}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
