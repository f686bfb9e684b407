import { Skeleton, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { TroubleAlert } from "./TroubleAlert.tsx";

interface Asked<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** Loading, failed or there: every list and page goes through this, so that none of the three is ever forgotten. */
export function QueryGate<T>({
  query,
  rows = 3,
  children,
}: {
  query: Asked<T>;
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.isPending) return <Loading rows={rows} />;
  return <TroubleAlert error={query.error} retry={() => void query.refetch()} />;
}

export function Loading({ rows = 3 }: { rows?: number }) {
  return (
    <Stack gap="sm" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: grey bars have no identity
        <Skeleton key={i} height={56} radius="md" />
      ))}
    </Stack>
  );
}
