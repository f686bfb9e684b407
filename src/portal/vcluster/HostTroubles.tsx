import { IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Vcluster } from "../../contracts/public/index.ts";
import { hostsQuery } from "../app/queries.ts";
import { hostTroubles } from "./hostTrouble.ts";

/** Said on the page of a cluster while one of its hosts cannot be reached. */
export function HostTroubles({ vc }: { vc: Vcluster }) {
  const hosts = useQuery(hostsQuery);
  const troubles = hostTroubles(vc, hosts.data ?? []);
  if (troubles.length === 0) return null;
  return (
    <div className="dk-advice" data-tone="bad" role="status">
      <IconPlugConnectedX size={20} aria-hidden />
      <div>
        {troubles.map((t) => (
          <div key={t.host} className="dk-advice-item">
            <p className="dk-advice-reason">{t.what}</p>
            <p>{t.next}</p>
          </div>
        ))}
      </div>
    </div>
  );
}
