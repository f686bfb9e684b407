import { MultiSelect, Select, SimpleGrid, Stack } from "@mantine/core";
import type { Host } from "../../contracts/public/index.ts";
import { plural } from "../format/amounts.ts";
import { allLabels, hasLabels, labelsOf, labelTexts } from "../hosts/labels.ts";
import { type Placement, placementTrouble } from "./placement.ts";

const STRATEGY = [
  { value: "spread", label: "Spread: where most is free" },
  { value: "pack", label: "Pack: where least is free, and it fits" },
];
const NODES = [
  { value: "any", label: "Anywhere" },
  { value: "together", label: "Together: all on one host" },
  { value: "apart", label: "Apart: no two on the same host" },
];

interface Props {
  value: Placement;
  nodes: number;
  hosts: Host[];
  onChange: (value: Placement) => void;
}

/** Where nodes shall go. What cannot be is said by the server with what would fit; the plain cases are said here. */
export function PlacementFields({ value, nodes, hosts, onChange }: Props) {
  const set = (patch: Partial<Placement>) => onChange({ ...value, ...patch });
  const labels = allLabels(hosts);
  const fit = hosts.filter((h) => h.state === "ready" && hasLabels(h.labels, value.labels)).length;
  const trouble = placementTrouble(value, nodes, fit);
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <Select
          label="Hosts are chosen by"
          data={STRATEGY}
          value={value.strategy}
          onChange={(v) => v && set({ strategy: v as Placement["strategy"] })}
        />
        <Select
          label="Nodes of this cluster"
          data={NODES}
          value={value.nodes}
          onChange={(v) => v && set({ nodes: v as Placement["nodes"] })}
        />
      </SimpleGrid>
      {labels.length > 0 && (
        <MultiSelect
          label="Only on hosts with"
          description={`${plural(fit, "host")} ${fit === 1 ? "is" : "are"} ready that would do.`}
          placeholder={Object.keys(value.labels).length === 0 ? "no label asked for" : ""}
          data={labels}
          value={labelTexts(value.labels)}
          onChange={(texts) => set({ labels: labelsOf(texts) })}
          clearButtonProps={{ "aria-label": "Ask for no label" }}
        />
      )}
      {trouble && (
        <p className="dk-label-error" role="alert">
          {trouble}
        </p>
      )}
    </Stack>
  );
}
