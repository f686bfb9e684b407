import { IconPlugConnectedX } from "@tabler/icons-react";
import type { HostTrouble } from "./hostTrouble.ts";

/** Said on the page of a cluster while a host of it cannot be reached. */
export function HostTroubles({ troubles }: { troubles: HostTrouble[] }) {
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
