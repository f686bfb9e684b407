import { Pagination } from "@mantine/core";
import { useState } from "react";

/** The rows of one page at a time: five thousand lines in a table help nobody, and cost every redraw. */
export function usePaging<T>(rows: T[], perPage: number) {
  const [asked, setPage] = useState(1);
  const pages = Math.max(1, Math.ceil(rows.length / perPage));
  // Rows may go while one looks at the last page.
  const page = Math.min(asked, pages);
  const from = (page - 1) * perPage;
  return { shown: pages === 1 ? rows : rows.slice(from, from + perPage), page, pages, from, setPage };
}

interface Props {
  label: string;
  page: number;
  pages: number;
  from: number;
  shown: number;
  total: number;
  onChange: (page: number) => void;
}

const WAYS = {
  first: "First page",
  previous: "Page before",
  next: "Next page",
  last: "Last page",
} as const;

export function Paging({ label, page, pages, from, shown, total, onChange }: Props) {
  if (pages === 1) return null;
  return (
    <nav className="dk-paging" aria-label={`Pages of ${label}`}>
      <span className="dk-dim" role="status">
        {from + 1} to {from + shown} of {total}
      </span>
      <Pagination
        total={pages}
        value={page}
        onChange={onChange}
        siblings={1}
        size="sm"
        getControlProps={(control) => ({ "aria-label": WAYS[control] })}
        getItemProps={(n) => ({ "aria-label": `Page ${n}` })}
      />
    </nav>
  );
}
