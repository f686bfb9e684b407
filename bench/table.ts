import type { Summary } from "./stats.ts";

/** What DESIGN promises for a line, and whether this run kept it. */
export interface Budget {
  text: string;
  kept: boolean;
}

export interface Line {
  what: string;
  /** One cell a column; numbers are printed with three significant digits. */
  cells: (string | number)[];
  budget?: Budget;
}

/** One table of figures; a bench answers one or several. Peers and floors are lines of the same table. */
export interface Table {
  title: string;
  columns: string[];
  lines: Line[];
  /** Sentences below the table: what was compared, and what takes the time. */
  notes?: string[];
}

/** Columns of a line that is a summary of milliseconds. */
export const TIMES = ["n", "p50 ms", "p99 ms", "worst ms"];
export const times = (s: Summary): number[] => [s.n, s.p50, s.p99, s.max];

export interface Limits {
  p50?: number;
  p99?: number;
  max?: number;
}

/** A budget in milliseconds over a summary. */
export function within(s: Summary, limits: Limits): Budget {
  const parts = (["p50", "p99", "max"] as const).filter((k) => limits[k] !== undefined);
  return {
    text: parts.map((k) => `${k} ≤ ${limits[k]}`).join(", "),
    kept: parts.every((k) => s[k] <= limits[k]!),
  };
}

export const atMost = (value: number, limit: number, unit: string): Budget => ({
  text: `≤ ${limit} ${unit}`,
  kept: value <= limit,
});
export const atLeast = (value: number, limit: number, unit: string): Budget => ({
  text: `≥ ${limit} ${unit}`,
  kept: value >= limit,
});

export function figure(value: string | number): string {
  if (typeof value === "string") return value;
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return String(Math.round(value));
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The table as Markdown; the same text goes to the terminal and into RESULTS.md. */
export function markdown(table: Table): string {
  const budgets = table.lines.some((l) => l.budget);
  const head = ["what", ...table.columns, ...(budgets ? ["budget", ""] : [])];
  const rows = table.lines.map((l) => [
    l.what,
    ...l.cells.map(figure),
    ...(budgets ? [l.budget?.text ?? "", l.budget ? (l.budget.kept ? "pass" : "**miss**") : ""] : []),
  ]);
  const widths = head.map((h, i) => Math.max(h.length, 3, ...rows.map((r) => (r[i] ?? "").length)));
  const right = (i: number) => i > 0 && i <= table.columns.length;
  const row = (cells: string[]) =>
    `| ${cells.map((c, i) => (right(i) ? c.padStart(widths[i]!) : c.padEnd(widths[i]!))).join(" | ")} |`;
  return [
    `### ${table.title}`,
    "",
    row(head),
    `|${widths.map((w, i) => (right(i) ? `${"-".repeat(w + 1)}:` : "-".repeat(w + 2))).join("|")}|`,
    ...rows.map(row),
    ...(table.notes?.length ? ["", ...table.notes.map((n) => `- ${n}`)] : []),
    "",
  ].join("\n");
}
