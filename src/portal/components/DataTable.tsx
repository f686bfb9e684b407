import type { ReactNode } from "react";

export interface Column<T> {
  head: string;
  cell: (row: T) => ReactNode;
  /** Numbers stand at the right, so that they compare by eye. */
  align?: "right";
  /** Buttons of the row: the heading is for screen readers only. */
  actions?: boolean;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
}

/** A table that becomes a list of cards on a phone. Roles are spelled out, because display:block would lose them. */
export function DataTable<T>({ label, columns, rows, rowKey }: Props<T>) {
  return (
    // biome-ignore-start lint/a11y/noRedundantRoles: CSS turns these into blocks on a phone, which drops their own roles
    <div className="dk-table-wrap">
      <table className="dk-table" role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((c) => (
              <th key={c.head} role="columnheader" scope="col" data-align={c.align}>
                {c.actions ? <span className="dk-sr">{c.head}</span> : c.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={rowKey(row)} role="row">
              {columns.map((c) => (
                <td
                  key={c.head}
                  role="cell"
                  data-head={c.actions ? undefined : c.head}
                  data-align={c.align}
                  data-actions={c.actions || undefined}
                >
                  {c.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
    // biome-ignore-end lint/a11y/noRedundantRoles: see above
  );
}
