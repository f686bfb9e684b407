import { useMemo } from "react";
import type { Node, Sample } from "../../contracts/public/index.ts";
import { formatBytes, formatCores, formatMiB, formatRate, plural, trim } from "../format/amounts.ts";
import { Chart } from "./Chart.tsx";
import { columnsOf } from "./series.ts";

const MIB = 1024 * 1024;
const BLUE = "--dk-chart-1";
const AMBER = "--dk-chart-2";

export function NodeCharts({ node, samples }: { node: Node; samples: Sample[] }) {
  const cpu = useMemo(() => columnsOf(samples, [(s) => s.cpu]), [samples]);
  const memory = useMemo(() => columnsOf(samples, [(s) => s.memory]), [samples]);
  const disk = useMemo(() => columnsOf(samples, [(s) => s.disk]), [samples]);
  const net = useMemo(() => columnsOf(samples, [(s) => s.rx, (s) => s.tx]), [samples]);
  const last = samples.at(-1);
  const { size } = node;
  if (!last) {
    return <p className="dk-dim">Nothing measured yet. The first values come some seconds after {node.name} is up.</p>;
  }
  return (
    <div className="dk-charts">
      <Chart
        title="CPU"
        now={`${trim(last.cpu, 2)} of ${formatCores(size.cpu)}, ${plural(last.pids, "process", "processes")}`}
        lines={[{ label: "CPU", color: BLUE }]}
        data={cpu}
        max={size.cpu}
        format={(v) => trim(v, 2)}
      />
      <Chart
        title="Memory"
        now={`${formatBytes(last.memory)} of ${formatMiB(size.memory)}`}
        lines={[{ label: "Memory", color: BLUE }]}
        data={memory}
        max={size.memory * MIB}
        format={(v) => formatBytes(v)}
      />
      <Chart
        title="Disk"
        now={`${formatBytes(last.disk)} of ${formatMiB(size.disk)}`}
        lines={[{ label: "Disk", color: BLUE }]}
        data={disk}
        max={size.disk * MIB}
        format={(v) => formatBytes(v)}
      />
      <Chart
        title="Network"
        now={`in ${formatRate(last.rx)}, out ${formatRate(last.tx)}`}
        lines={[
          { label: "in", color: BLUE },
          { label: "out", color: AMBER },
        ]}
        data={net}
        format={(v) => formatRate(v)}
      />
    </div>
  );
}
