import { useMediaQuery } from "@mantine/hooks";
import { memo, type ReactNode } from "react";
import { Paging, usePaging } from "./Paging.tsx";

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
  /** The same array every time, where many rows change one by one: then only those that changed are drawn again. */
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  perPage?: number;
  /** Has so many columns that it needs a wide window. */
  wide?: boolean;
}

const PER_PAGE = 100;
const NARROW = "(max-width: 61.99em)";
const NARROW_FOR_WIDE = "(max-width: 77em)";

/** A table that becomes a list of cards where it has no room. Roles are spelled out, because display:block would lose them. */
export function DataTable<T>({ label, columns, rows, rowKey, perPage = PER_PAGE, wide = false }: Props<T>) {
  const cards = useMediaQuery(wide ? NARROW_FOR_WIDE : NARROW, undefined, { getInitialValueInEffect: false });
  const { shown, page, pages, from, setPage } = usePaging(rows, perPage);
  return (
    <>
      {/* biome-ignore-start lint/a11y/noRedundantRoles: CSS turns these into blocks on a phone, which drops their own roles */}
      <div className="dk-table-wrap">
        <table
          className="dk-table"
          data-cards={cards || undefined}
          role="table"
          aria-label={label}
          aria-rowcount={pages > 1 ? rows.length + 1 : undefined}
        >
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
            {shown.map((row) => (
              <Row key={rowKey(row)} row={row} columns={columns as Column<unknown>[]} />
            ))}
          </tbody>
        </table>
      </div>
      {/* biome-ignore-end lint/a11y/noRedundantRoles: see above */}
      <Paging
        label={label}
        page={page}
        pages={pages}
        from={from}
        shown={shown.length}
        total={rows.length}
        onChange={setPage}
      />
    </>
  );
}

const Row = memo(function Row({ row, columns }: { row: unknown; columns: Column<unknown>[] }) {
  return (
    // biome-ignore-start lint/a11y/noRedundantRoles: see above
    <tr role="row">
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
    // biome-ignore-end lint/a11y/noRedundantRoles: see above
  );
});
