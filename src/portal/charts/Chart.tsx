import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";

export interface Line {
  label: string;
  /** A CSS custom property that holds the colour. */
  color: string;
}
interface Props {
  title: string;
  /** What it is now, in words: this is what a screen reader gets, and what stands beside the title. */
  now: string;
  lines: Line[];
  data: [number[], ...(number | null)[][]];
  /** Top of the scale where there is a limit; otherwise it follows the data. */
  max?: number;
  format: (value: number) => string;
}
const HEIGHT = 150;
const HOUR_S = 3600;
/** A node that has just come up shows its few minutes over the whole width. */
const LEAST_S = 300;

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const clock = (seconds: number) => CLOCK.format(seconds * 1000);

export function Chart({ title, now, lines, data, max, format }: Props) {
  const scheme = useComputedColorScheme("light");
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ data, max, format });
  latest.current = { data, max, format };
  const names = lines.map((l) => `${l.label}:${l.color}`).join();

  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are read from the page, so a new scheme draws anew
  useEffect(() => {
    const el = box.current;
    if (!el) return;
    const css = getComputedStyle(el);
    const color = (name: string) => css.getPropertyValue(name).trim();
    const text = color("--mantine-color-dimmed");
    const grid = { stroke: color("--mantine-color-default-border"), width: 1 };
    const font = `11px ${css.fontFamily}`;
    const u = new uPlot(
      {
        width: el.clientWidth || 300,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 4, 0, 0],
        scales: {
          x: {
            time: true,
            range: (_u, dataMin, dataMax) => {
              const end = dataMax || Date.now() / 1000;
              return [Math.max(end - HOUR_S, Math.min(dataMin || end, end - LEAST_S)), end];
            },
          },
          y: { range: (_u, _min, dataMax) => [0, latest.current.max ?? Math.max(1, (dataMax ?? 0) * 1.15)] },
        },
        axes: [
          {
            stroke: text,
            grid: { show: false },
            ticks: grid,
            font,
            space: 70,
            size: 30,
            values: (_u, ticks) => ticks.map(clock),
          },
          {
            stroke: text,
            grid,
            ticks: { show: false },
            font,
            size: 70,
            splits: (_u, _i, min, top) => [min, (min + top) / 2, top],
            values: (_u, ticks) => ticks.map((v) => latest.current.format(v)),
          },
        ],
        series: [
          {},
          ...lines.map((l, i) => ({
            label: l.label,
            stroke: color(l.color),
            width: 1.75,
            points: { show: false },
            ...(i === 0 ? { fill: `${color(l.color)}22` } : {}),
          })),
        ],
      },
      latest.current.data,
      el,
    );
    plot.current = u;
    const observer = new ResizeObserver(() => u.setSize({ width: el.clientWidth, height: HEIGHT }));
    observer.observe(el);
    return () => {
      observer.disconnect();
      u.destroy();
      plot.current = null;
    };
  }, [scheme, names]);

  useEffect(() => plot.current?.setData(data), [data]);

  return (
    <figure className="dk-chart">
      <figcaption>
        <strong>{title}</strong>
        <span className="dk-chart-now">{now}</span>
        {lines.length > 1 && (
          <span className="dk-chart-key" aria-hidden>
            {lines.map((l) => (
              <span key={l.label}>
                <i style={{ background: `var(${l.color})` }} />
                {l.label}
              </span>
            ))}
          </span>
        )}
      </figcaption>
      <div ref={box} role="img" aria-label={`${title} over the last hour. Now: ${now}`} style={{ height: HEIGHT }} />
    </figure>
  );
}
