import { Radio, Stack } from "@mantine/core";
import type { Vcluster } from "../../contracts/public/index.ts";

export type Loss = Vcluster["onHostLoss"];

const NODES: { value: Loss["nodes"]; label: string; text: string }[] = [
  {
    value: "keep",
    label: "keep running",
    text: "Their programs go on. Nobody reaches them through docklet until the host is back.",
  },
  {
    value: "freeze",
    label: "are frozen",
    text: "Their programs stand still, with everything in memory, and go on when the host is back.",
  },
  { value: "stop", label: "are stopped", text: "Their programs end. Disks stay as they are." },
];
const RECOVER: { value: Loss["recover"]; label: string; text: string }[] = [
  { value: "wait", label: "wait for the host", text: "Nothing is lost. It takes as long as it takes." },
  {
    value: "anew",
    label: "make the nodes anew on other hosts",
    text: "From the image, with the same names and addresses, and only when it is certain that the old ones do not run.",
  },
];

interface Props {
  value: Loss;
  onChange: (value: Loss) => void;
}

/** What becomes of nodes when their host is lost, in words that say what it costs. */
export function LossFields({ value, onChange }: Props) {
  return (
    <Stack gap="md">
      <Radio.Group
        label="When a host has lost touch for a while, nodes that are on it"
        value={value.nodes}
        onChange={(nodes) => onChange({ ...value, nodes: nodes as Loss["nodes"] })}
      >
        <Stack gap={8} mt={8}>
          {NODES.map((o) => (
            <Radio key={o.value} value={o.value} label={o.label} description={o.text} />
          ))}
        </Stack>
      </Radio.Group>
      <Radio.Group
        label="Meanwhile docklet shall"
        value={value.recover}
        onChange={(recover) => onChange({ ...value, recover: recover as Loss["recover"] })}
      >
        <Stack gap={8} mt={8}>
          {RECOVER.map((o) => (
            <Radio key={o.value} value={o.value} label={o.label} description={o.text} />
          ))}
        </Stack>
      </Radio.Group>
      {value.recover === "anew" && (
        <div className="dk-loss" role="status">
          <p>
            <strong>Lost then:</strong> everything on the disks of those nodes: installed software, files outside{" "}
            <code>~/nfs</code>, running notebooks.
          </p>
          <p>
            <strong>Stays:</strong> nodes on other hosts, and <code>~/nfs</code> unless it lies on the lost host itself.
          </p>
          {value.nodes === "keep" && (
            <p>
              Nodes that keep running must not run twice: docklet then makes them anew only after an administrator has
              removed the host. With frozen or stopped nodes it needs nobody.
            </p>
          )}
        </div>
      )}
    </Stack>
  );
}
