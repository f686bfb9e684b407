import { useQueryClient } from "@tanstack/react-query";
import type { z } from "zod";
import type { Host, HostPatch } from "../../contracts/public/index.ts";
import { api } from "../app/api.ts";
import { keys } from "../app/queries.ts";
import { useAction } from "../components/useAction.ts";
import { putHost } from "../live/hosts.ts";
import { putOperation } from "../live/reducer.ts";

/** Labels, cordon and uncordon. */
export function usePatchHost(host: Pick<Host, "name">, said: { failed: string; done?: string }) {
  const cache = useQueryClient();
  return useAction({
    run: (body: z.input<typeof HostPatch>) => api.patchHost({ params: { name: host.name }, body }),
    failed: said.failed,
    ...(said.done ? { done: said.done } : {}),
    onDone: (now) => putHost(cache, now),
  });
}

export function useDrainHost(host: Pick<Host, "name">, onDone: () => void) {
  const cache = useQueryClient();
  return useAction({
    run: (to: string | undefined) => api.drainHost({ params: { name: host.name }, body: to ? { to } : {} }),
    failed: `${host.name} is not being drained`,
    refresh: [keys.hosts, keys.host(host.name)],
    quiet: true,
    onDone: (op) => {
      putOperation(cache, op);
      onDone();
    },
  });
}

export function useRemoveHost(host: Pick<Host, "name">, onDone: () => void) {
  return useAction({
    run: (force: boolean) => api.removeHost({ params: { name: host.name }, query: force ? { force: "true" } : {} }),
    failed: `${host.name} was not removed`,
    done: `Host ${host.name} is removed`,
    quiet: true,
    // Of a host that had nodes something stays to be seen: only the server knows what.
    refresh: [keys.hosts, keys.host(host.name)],
    onDone,
  });
}
