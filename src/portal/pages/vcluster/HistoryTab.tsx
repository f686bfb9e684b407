import { useInfiniteQuery } from "@tanstack/react-query";
import type { Vcluster } from "../../../contracts/public/index.ts";
import { historyQuery } from "../../app/queries.ts";
import { EventTable } from "../../components/EventTable.tsx";
import { useAsOwner } from "../../vcluster/useVclusterActions.ts";

export function HistoryTab({ vc }: { vc: Vcluster }) {
  const query = useInfiniteQuery(historyQuery(vc, useAsOwner(vc.owner)));
  return (
    <EventTable
      label={`History of ${vc.name}`}
      empty="Whoever starts, stops, scales or opens this cluster is written down here."
      query={query}
    />
  );
}
