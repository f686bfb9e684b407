import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { hostsQuery } from "../app/queries.ts";
import { formatMiB, trim } from "../format/amounts.ts";

interface Props {
  /** Hosts that cannot be the target. */
  not: string[];
  value: string | null;
  onChange: (host: string | null) => void;
}

/** Where nodes should go: a host, or wherever there is room. */
export function TargetSelect({ not, value, onChange }: Props) {
  const hosts = useQuery(hostsQuery);
  const fit = (hosts.data ?? []).filter((h) => h.state === "ready" && !not.includes(h.name));
  const chosen = fit.find((h) => h.name === value);
  const about = chosen
    ? `${trim(chosen.capacity.cpu, 1)} cores, ${formatMiB(chosen.capacity.memory)} memory; promised: ${trim(chosen.reserved.cpu, 1)} cores, ${formatMiB(chosen.reserved.memory)}.`
    : fit.length === 0
      ? "No other host is ready now."
      : "docklet chooses for each node, as for a new one.";
  return (
    <Select
      label="To"
      description={about}
      placeholder="wherever there is room"
      data={fit.map((h) => h.name)}
      value={chosen ? value : null}
      onChange={onChange}
      searchable={fit.length > 8}
      clearable
      clearButtonProps={{ "aria-label": "Choose none" }}
    />
  );
}
