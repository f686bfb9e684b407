import type { Colour } from "./output.ts";
import { oneLine } from "./text.ts";

export interface Column<T> {
  title: string;
  cell: (row: T) => string | number | null | undefined;
  /** Numbers stand right. */
  right?: boolean;
  colour?: (row: T) => Colour | null;
}

/** Columns as wide as their widest cell, two spaces apart, no trailing blanks. */
export function formatTable<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  paint: (colour: Colour, text: string) => string,
): string {
  const cells = rows.map((row) => columns.map((c) => oneLine(String(c.cell(row) ?? "-")) || "-"));
  const widths = columns.map((c, i) => Math.max(Bun.stringWidth(c.title), ...cells.map((r) => Bun.stringWidth(r[i]!))));
  const pad = (text: string, i: number) => {
    const fill = " ".repeat(Math.max(0, widths[i]! - Bun.stringWidth(text)));
    return columns[i]!.right ? fill + text : i === columns.length - 1 ? text : text + fill;
  };
  const line = (parts: string[]) => `${parts.join("  ")}\n`;
  let out = line(columns.map((c, i) => paint("dim", pad(c.title, i))));
  for (const [r, row] of rows.entries()) {
    out += line(
      columns.map((c, i) => {
        const colour = c.colour?.(row) ?? null;
        const text = pad(cells[r]![i]!, i);
        return colour ? paint(colour, text) : text;
      }),
    );
  }
  return out;
}

/** Name and value under each other, for one object. */
export function formatFields(fields: readonly (readonly [string, string | number | null | undefined])[]): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${oneLine(String(value ?? "-"))}\n`).join("");
}

const GOOD = new Set(["ready", "done", "ok", "enabled", "running", "valid"]);
const BAD = new Set(["failed", "unreachable", "denied", "cancelled"]);
export function stateColour(state: string): Colour | null {
  return GOOD.has(state)
    ? "green"
    : BAD.has(state)
      ? "red"
      : state === "stopped" || state === "absent"
        ? "dim"
        : "yellow";
}
