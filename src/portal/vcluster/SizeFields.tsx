import { NumberInput, SimpleGrid } from "@mantine/core";
import type { NodeSize } from "../../contracts/public/index.ts";
import type { PlanErrors } from "./plan.ts";

const GIB = 1024;

interface Props {
  size: NodeSize;
  errors: PlanErrors;
  onChange: (size: NodeSize) => void;
}

/** cpu, memory and disk of one node. People think in GiB; the API counts in MiB. */
export function SizeFields({ size, errors, onChange }: Props) {
  const set = (patch: Partial<NodeSize>) => onChange({ ...size, ...patch });
  return (
    <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
      <NumberInput
        label="Cores each"
        min={0.1}
        max={256}
        step={0.5}
        decimalScale={2}
        value={size.cpu}
        error={errors.cpu}
        onChange={(v) => set({ cpu: Number(v) })}
        clampBehavior="none"
      />
      <NumberInput
        label="Memory each"
        suffix=" GiB"
        min={0.1}
        step={0.5}
        decimalScale={2}
        value={size.memory / GIB}
        error={errors.memory}
        onChange={(v) => set({ memory: Math.round(Number(v) * GIB) })}
        clampBehavior="none"
      />
      <NumberInput
        label="Disk each"
        suffix=" GiB"
        min={1}
        step={5}
        decimalScale={2}
        value={size.disk / GIB}
        error={errors.disk}
        onChange={(v) => set({ disk: Math.round(Number(v) * GIB) })}
        clampBehavior="none"
      />
    </SimpleGrid>
  );
}
