import { useQueryClient } from "@tanstack/react-query";
import type { Vcluster, VclusterCreate } from "../../contracts/public/index.ts";
import { api } from "../app/api.ts";
import { keys } from "../app/queries.ts";
import { useMe } from "../app/useMe.ts";
import { useAction } from "../components/useAction.ts";
import { putOperation, putVcluster } from "../live/reducer.ts";

/** undefined for one's own vclusters: then the server knows whom it means. */
export function useAsOwner(owner: string): string | undefined {
  const me = useMe();
  return owner === me.user.name ? undefined : owner;
}

export function useCreateVcluster(onDone?: (vc: Vcluster) => void, quiet = false) {
  const cache = useQueryClient();
  const me = useMe();
  return useAction({
    run: (body: VclusterCreate) => api.createVcluster({ body }),
    failed: "No cluster was created",
    quiet,
    refresh: [keys.me],
    onDone: ({ vcluster, operation }) => {
      // The stream may have been faster than this answer: what it said is newer.
      const known = cache.getQueryData<Vcluster[]>(keys.vclusters("mine"))?.some((v) => v.id === vcluster.id);
      if (!known) putVcluster(cache, vcluster, me.user.name);
      putOperation(cache, operation);
      onDone?.(vcluster);
    },
  });
}

export function useVclusterActions(vc: Vcluster) {
  const cache = useQueryClient();
  const owner = useAsOwner(vc.owner);
  const at = { params: { name: vc.name }, query: { owner } };
  const known = { onDone: (op: Parameters<typeof putOperation>[1]) => putOperation(cache, op) };
  return {
    start: useAction({ run: () => api.startVcluster(at), failed: `${vc.name} was not started`, ...known }),
    stop: useAction({ run: () => api.stopVcluster(at), failed: `${vc.name} was not stopped`, ...known }),
  };
}
