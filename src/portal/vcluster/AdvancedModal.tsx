import { Button, Group, Modal, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { DEFAULT_ON_HOST_LOSS, DEFAULT_PLACEMENT, DEFAULT_SIZE, MAX_NODES } from "../../contracts/public/index.ts";
import { hostsQuery, imagesQuery } from "../app/queries.ts";
import { useMe } from "../app/useMe.ts";
import { TroubleAlert } from "../components/TroubleAlert.tsx";
import { plural } from "../format/amounts.ts";
import { LeftLine } from "./LeftLine.tsx";
import { LossFields } from "./LossFields.tsx";
import { PlacementFields } from "./PlacementFields.tsx";
import { placementWish } from "./placement.ts";
import { checkName, checkPlan } from "./plan.ts";
import { SizeFields } from "./SizeFields.tsx";
import { useCreateVcluster } from "./useVclusterActions.ts";

/** For those who want to choose: name, image, nodes and sizes, checked against the quota while one types. */
export function AdvancedModal({ onClose }: { onClose: () => void }) {
  const me = useMe();
  const images = useQuery(imagesQuery);
  const [name, setName] = useState("");
  const [picked, setPicked] = useState<string | null>(null);
  const [nodes, setNodes] = useState(1);
  const [size, setSize] = useState(DEFAULT_SIZE);
  const hosts = useQuery(hostsQuery);
  const [placement, setPlacement] = useState(DEFAULT_PLACEMENT);
  const [loss, setLoss] = useState(DEFAULT_ON_HOST_LOSS);
  const create = useCreateVcluster(onClose, true);

  const nameError = checkName(name);
  const errors = checkPlan({ nodes, size }, me);
  const wrong = nameError !== null || Object.keys(errors).length > 0;
  const usable = (images.data ?? []).filter((i) => i.state === "ready");
  // Not picked: the server takes its default, which the configuration names.
  const chosen = usable.find((i) => i.name === picked);

  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (wrong) return;
    const wish = placementWish(placement);
    create.mutate({
      ...(name ? { name } : {}),
      ...(picked ? { image: picked } : {}),
      nodes,
      size,
      ...(wish ? { placement: wish } : {}),
      ...(loss === DEFAULT_ON_HOST_LOSS ? {} : { onHostLoss: loss }),
    });
  };
  return (
    <Modal opened onClose={onClose} title="New cluster" size="lg">
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label="Name"
            description="Left empty: docklet makes one up."
            placeholder="for example, genomics"
            value={name}
            error={nameError}
            onChange={(e) => setName(e.currentTarget.value.trim())}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
          <Select
            label="Image"
            description={chosen?.description ?? "What the nodes are made from. Left as it is: the usual one."}
            data={usable.map((i) => i.name)}
            placeholder="the usual one"
            value={picked}
            onChange={setPicked}
            allowDeselect
          />
          <NumberInput
            label="Nodes"
            description="They see each other as host-0, host-1, … on a private network."
            min={1}
            max={MAX_NODES}
            allowDecimal={false}
            clampBehavior="none"
            value={nodes}
            error={errors.nodes}
            onChange={(v) => setNodes(Number(v))}
          />
          <SizeFields size={size} errors={errors} onChange={setSize} />
          <LeftLine me={me} />
          <details className="dk-details">
            <summary>Where nodes run, and what if a host is lost</summary>
            <Stack mt="sm">
              <PlacementFields value={placement} nodes={nodes} hosts={hosts.data ?? []} onChange={setPlacement} />
              <LossFields value={loss} onChange={setLoss} />
            </Stack>
          </details>
          {create.error ? <TroubleAlert title="No cluster was created" error={create.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Close
            </Button>
            <Button type="submit" disabled={wrong} loading={create.isPending}>
              Create {plural(nodes > 0 ? nodes : 1, "node")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
