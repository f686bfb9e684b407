import { Button } from "@mantine/core";
import {
  IconAlertTriangleFilled,
  IconBan,
  IconCircleCheckFilled,
  IconHistory,
  IconInfoCircle,
} from "@tabler/icons-react";
import type { InfiniteData } from "@tanstack/react-query";
import type { Event } from "../../contracts/public/index.ts";
import { DataTable } from "./DataTable.tsx";
import { Empty } from "./Empty.tsx";
import { QueryGate } from "./QueryGate.tsx";
import { TimeAgo } from "./TimeAgo.tsx";

const RESULTS = {
  ok: { Icon: IconCircleCheckFilled, tone: "good", text: "done" },
  failed: { Icon: IconAlertTriangleFilled, tone: "bad", text: "failed" },
  denied: { Icon: IconBan, tone: "bad", text: "denied" },
  info: { Icon: IconInfoCircle, tone: "rest", text: "noted" },
} as const;

interface Props {
  label: string;
  empty: string;
  query: {
    data: InfiniteData<{ items: Event[]; next: string | null }> | undefined;
    error: unknown;
    isPending: boolean;
    refetch: () => unknown;
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    fetchNextPage: () => unknown;
  };
}

export function EventTable({ label, empty, query }: Props) {
  return (
    <QueryGate query={query}>
      {({ pages }) => {
        const rows = pages.flatMap((p) => p.items);
        if (rows.length === 0) {
          return (
            <Empty icon={<IconHistory size={40} stroke={1.4} />} title="Nothing has happened yet">
              {empty}
            </Empty>
          );
        }
        return (
          <>
            <DataTable
              label={label}
              rows={rows}
              rowKey={(e) => e.id}
              perPage={Number.POSITIVE_INFINITY}
              columns={[
                {
                  head: "When",
                  cell: (e) => (
                    <span className="dk-nowrap">
                      <TimeAgo at={e.at} />
                    </span>
                  ),
                },
                { head: "Who", cell: (e) => e.actor },
                {
                  head: "What",
                  cell: (e) => (
                    <span>
                      <code>{e.action}</code> <strong>{e.object}</strong>
                      {e.owner && e.owner !== e.actor && <span className="dk-dim"> of {e.owner}</span>}
                    </span>
                  ),
                },
                { head: "Result", cell: (e) => <Result event={e} /> },
              ]}
            />
            <div className="dk-more">
              {query.hasNextPage ? (
                <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  Show older ones
                </Button>
              ) : (
                <span className="dk-dim">That is all.</span>
              )}
            </div>
          </>
        );
      }}
    </QueryGate>
  );
}

function Result({ event }: { event: Event }) {
  const { Icon, tone, text } = RESULTS[event.result];
  return (
    <div>
      <span className="dk-state" data-tone={tone}>
        <Icon size={14} aria-hidden />
        {text}
      </span>
      {event.message && <div className="dk-small">{event.message}</div>}
      {event.result !== "ok" && event.requestId && (
        <div className="dk-small dk-dim">
          request <code>{event.requestId}</code>
        </div>
      )}
    </div>
  );
}
