import { useMemo } from "react";
import type { Host, HostSample } from "../../contracts/public/index.ts";
import { formatMiB, trim } from "../format/amounts.ts";
import { Chart } from "./Chart.tsx";
import { columnsOf } from "./series.ts";

const BLUE = "--dk-chart-1";
const size = (mib: number) => formatMiB(Math.round(mib));

/** The last hour of a machine. The top of each scale is what the machine has. */
export function HostCharts({ host, samples }: { host: Host; samples: HostSample[] }) {
  const cpu = useMemo(() => columnsOf(samples, [(s) => s.cpu]), [samples]);
  const memory = useMemo(() => columnsOf(samples, [(s) => s.memory]), [samples]);
  const disk = useMemo(() => columnsOf(samples, [(s) => s.disk]), [samples]);
  const last = samples.at(-1);
  if (!last)
    return <p className="dk-dim">Nothing measured in the last hour. Values come while the host is connected.</p>;
  const { capacity } = host;
  const shared = (label: string) => [{ label, color: BLUE }];
  return (
    <div className="dk-charts" data-three>
      <Chart
        title="CPU"
        now={`${trim(last.cpu, 1)} of ${trim(capacity.cpu, 1)} cores`}
        lines={shared("CPU")}
        data={cpu}
        max={capacity.cpu}
        format={(v) => trim(v, 1)}
      />
      <Chart
        title="Memory"
        now={`${size(last.memory)} of ${formatMiB(capacity.memory)}`}
        lines={shared("Memory")}
        data={memory}
        max={capacity.memory}
        format={size}
      />
      <Chart
        title="Disk"
        now={`${size(last.disk)} of ${formatMiB(capacity.disk)}`}
        lines={shared("Disk")}
        data={disk}
        max={capacity.disk}
        format={size}
      />
    </div>
  );
}
